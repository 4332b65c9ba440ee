import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, TestClock } from "effect"
import { ProviderRejected } from "../../src/domain/error/ProviderError.js"
import type { FeedEvent, SessionEvent } from "../../src/domain/Events.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { HookBus } from "../../src/services/HookBus.js"
import { type Middleware, MiddlewareRefusal } from "../../src/services/Middleware.js"
import type { Session } from "../../src/services/Session.js"
import { start, texts } from "../host/anotherHost.js"
import { listening } from "../host/listening.js"
import { runningTurn } from "../host/runningTurn.js"
import { script, shown } from "../host/scripted.js"
import { withCapturedLogs } from "./capturedLogs.js"
import { add } from "./pipeline.js"
import { stageFaults } from "./stageFaults.js"

const refusing = () => new MiddlewareRefusal({ reason: "no" })

const hasEnded = ({ event: { _tag } }: FeedEvent) =>
  _tag === "TurnCompleted" || _tag === "TurnFailed" || _tag === "TurnStopped"

/** The feed of a session up to the end of its first turn. */
const feedOf = (session: Session) =>
  Effect.gen(function*() {
    const { heard, leave, until } = yield* listening(session.watch())
    yield* until(hasEnded)
    yield* leave
    return heard.flatMap(({ event }) => (event._tag === "TurnDelta" ? [] : [event]))
  })

const skipsIn = (events: ReadonlyArray<SessionEvent>) =>
  events.flatMap((event) => (event._tag === "TurnNoticed" ? [event.notice] : []))

describe("an optional middleware", () => {
  it.effect.each(stageFaults)(
    "rows 47, 48: at %s that %s is skipped, and the turn's events, hooks, log and onError say so",
    ([stage, , fault, reason]) =>
      withCapturedLogs((lines) =>
        Effect.gen(function*() {
          const hooked: Array<SessionEvent> = []
          const bus = yield* HookBus
          yield* bus.add({ name: "hooked", on: (event) => Effect.sync(() => void hooked.push(event)) })
          const told: Array<string> = []
          yield* add({
            name: "broken",
            policy: "optional",
            priority: 1,
            onError: (error) => Effect.sync(() => void told.push(`${error.middleware} ${error.stage}`)),
            ...fault
          })
          yield* add({
            name: "sane",
            admission: (prompt) => Effect.succeed({ ...prompt, metadata: { admitted: true } }),
            turn: (request) => Effect.succeed({ ...request, messages: request.messages.slice(-1) }),
            reply: (reply) => Effect.succeed({ ...reply, metadata: { reviewed: true } })
          })
          const session = yield* start
          const send = yield* Effect.fork(session.send("Hello"))
          yield* TestClock.adjust("2 seconds")
          const reply = yield* Fiber.join(send)
          assert.deepStrictEqual([reply.text, reply.metadata], ["You said: Hello", { reviewed: true }])
          const events = yield* feedOf(session)
          const notice = { _tag: "MiddlewareSkipped", middleware: "broken", stage, reason } as const
          assert.deepStrictEqual(skipsIn(events), [notice])
          const noticed = events.find(({ _tag }) => _tag === "TurnNoticed")
          assert.deepInclude(noticed, { sessionId: session.id, turnId: reply.turnId })
          assert.strictEqual(events.at(-1)?._tag, "TurnCompleted")
          yield* bus.flush
          assert.deepStrictEqual(skipsIn(hooked), [notice])
          assert.deepStrictEqual(told, [`broken ${stage}`])
          // The test clock itself may warn, too, when the machine is slow.
          const logged = lines.filter(({ annotations }) => annotations["middleware"] !== undefined)
          assert.deepStrictEqual(logged.map(({ annotations, level }) => [level, annotations]), [
            ["Warning", { middleware: "broken", stage, sessionId: session.id }]
          ])
          assert.notInclude(JSON.stringify(lines), "Hello")
          assert.deepStrictEqual(yield* texts(session.id), ["Hello", "You said: Hello"])
        }).pipe(Effect.scoped, Effect.provide(SessionRuntime.layerTest()))
      )
  )

  it.scoped("is skipped at each stage separately, and so are others, in order", () =>
    Effect.gen(function*() {
      yield* add({ name: "a", policy: "optional", priority: 1, admission: refusing, turn: refusing, reply: refusing })
      yield* add({ name: "b", policy: "optional", admission: refusing, reply: refusing })
      const session = yield* start
      yield* session.send("Hello")
      assert.deepStrictEqual(
        skipsIn(yield* feedOf(session)).map((notice) =>
          notice._tag === "MiddlewareSkipped" ? `${notice.middleware} ${notice.stage}` : notice._tag
        ),
        ["a admission", "b admission", "a turn", "a reply", "b reply"]
      )
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("is reported when its turn fails or is stopped later, too", () =>
    Effect.gen(function*() {
      yield* add({ name: "skipped", policy: "optional", priority: 1, admission: refusing, turn: refusing })
      const [failed, stopped, held] = [yield* start, yield* start, yield* start]
      yield* script({ end: new ProviderRejected({ provider: "mock", reason: "HTTP 400" }) })
      yield* Effect.flip(failed.send("Hello"))
      yield* runningTurn(stopped, "Hello", "never said")
      yield* stopped.stop()
      yield* add({ name: "required", turn: refusing })
      yield* Effect.flip(held.send("Hello"))
      for (const session of [failed, stopped, held]) {
        assert.deepStrictEqual(skipsIn(yield* feedOf(session)), [
          { _tag: "MiddlewareSkipped", middleware: "skipped", stage: "admission", reason: "refused" },
          { _tag: "MiddlewareSkipped", middleware: "skipped", stage: "turn", reason: "refused" }
        ])
      }
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("is reported for an edit, in the events of the edited turn", () =>
    Effect.gen(function*() {
      const session = yield* start
      const { open } = yield* runningTurn(session, "one", "Hi")
      const { turnId } = yield* session.submit("two")
      yield* add({ name: "skipped", policy: "optional", admission: refusing })
      assert.strictEqual(yield* session.edit({ turnId, content: "2" }), "edited")
      yield* open
      const events = yield* feedOf(session)
      assert.deepStrictEqual(
        events.flatMap((event) => (event._tag === "TurnNoticed" ? [[event.turnId, event.notice]] : [])),
        [[turnId, { _tag: "MiddlewareSkipped", middleware: "skipped", stage: "admission", reason: "refused" }]]
      )
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.effect("that is skipped for a system message is only logged, because that belongs to no turn", () =>
    withCapturedLogs((lines) =>
      Effect.gen(function*() {
        yield* add({ name: "skipped", policy: "optional", admission: refusing })
        const session = yield* start
        yield* session.sendSystem("Be brief")
        assert.deepStrictEqual(yield* texts(session.id), ["Be brief"])
        assert.deepStrictEqual(
          lines.flatMap(({ annotations, level }) => (level === "Warning" ? [annotations["middleware"]] : [])),
          ["skipped"]
        )
      }).pipe(Effect.scoped, Effect.provide(SessionRuntime.layerTest()))
    ))

  it.scoped("has no effect through its actions before it was skipped", () =>
    Effect.gen(function*() {
      const half = yield* Deferred.make<void>()
      yield* add({
        name: "half",
        policy: "optional",
        timeout: "1 second",
        turn: (request) =>
          Effect.as(Effect.zipRight(Deferred.succeed(half, undefined), Effect.never), { ...request, messages: [] }),
        reply: (reply) => Effect.delay(Effect.succeed({ ...reply, parts: [] }), "1 hour")
      })
      const session = yield* start
      const send = yield* Effect.fork(session.send("Hello"))
      yield* Deferred.await(half)
      yield* TestClock.adjust("1 second")
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(send)).text, "You said: Hello")
      assert.deepStrictEqual(yield* shown, [["Hello"]])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))
})

describe("onError", () => {
  const stages = [
    ["admission", { admission: refusing }],
    ["turn", { turn: refusing }],
    ["reply", { reply: refusing }]
  ] as const
  const broken: ReadonlyArray<[string, NonNullable<Middleware["onError"]>]> = [
    ["throws", () => {
      throw new Error("broken")
    }],
    ["dies", () => Effect.die("broken")],
    ["interrupts itself", () => Effect.interrupt],
    ["hangs", () => Effect.never],
    ["hangs and cannot be interrupted", () => Effect.uninterruptible(Effect.never)]
  ]
  const cases = broken.flatMap(([does, onError]) =>
    stages.map(([stage, refusing]) => [does, stage, { ...refusing, onError }] as const)
  )

  it.effect.each(cases)(
    "that %s at %s changes neither a refusal nor a skip",
    ([does, stage, middleware]) =>
      Effect.gen(function*() {
        const session = yield* start
        const patience = does.startsWith("hangs") ? "2 seconds" : 0
        const sending = (policy: "optional" | "required") =>
          Effect.scoped(Effect.gen(function*() {
            yield* add({ name: "broken", policy, ...middleware })
            const send = yield* Effect.fork(Effect.either(session.send("Hello")))
            yield* TestClock.adjust(patience)
            return yield* Fiber.join(send)
          }))
        const refused = yield* Effect.flip(Effect.flatten(sending("required")))
        assert.deepInclude(refused, { _tag: "MiddlewareError", stage, reason: "no" })
        const reply = yield* Effect.flatten(sending("optional"))
        assert.strictEqual(reply.text, "You said: Hello")
      }).pipe(Effect.provide(SessionRuntime.layerTest()))
  )

  it.scoped("receives the middleware, session, turn, stage and retry time of a refusal", () =>
    Effect.gen(function*() {
      const told: Array<readonly [unknown, unknown]> = []
      const onError: Middleware["onError"] = (error, { session, turnId }) =>
        Effect.sync(() => {
          const { middleware, reason, retryAfterMs, stage } = error
          told.push([{ middleware, reason, retryAfterMs, stage }, { session: session.id, turnId }])
        })
      yield* add({
        name: "late",
        policy: "optional",
        reply: () => new MiddlewareRefusal({ reason: "too late", retryAfterMs: 5 }),
        onError
      })
      yield* add({ name: "sane", onError })
      const session = yield* start
      const { turnId } = yield* session.send("Hello")
      assert.deepStrictEqual(told, [[
        { middleware: "late", reason: "too late", retryAfterMs: 5, stage: "reply" },
        { session: session.id, turnId }
      ]])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))
})
