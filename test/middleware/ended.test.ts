import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, TestClock } from "effect"
import { ProviderRejected } from "../../src/domain/error/ProviderError.js"
import { StoreError } from "../../src/domain/error/StoreError.js"
import { IdempotencyKey, type TurnId } from "../../src/domain/Ids.js"
import type { Turn } from "../../src/domain/Turn.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { type Middleware, MiddlewareRefusal } from "../../src/services/Middleware.js"
import { MiddlewarePipeline } from "../../src/services/MiddlewarePipeline.js"
import { SessionManager } from "../../src/services/SessionManager.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { anotherHost, start } from "../host/anotherHost.js"
import { runningTurn } from "../host/runningTurn.js"
import { script } from "../host/scripted.js"
import { withCapturedLogs } from "./capturedLogs.js"
import { add } from "./pipeline.js"
import { untyped } from "./untyped.js"

/** Waits for turns to be settled, which sends do not. */
const settled = Effect.repeatN(Effect.yieldNow(), 30)

/**
 * Records admissions and ends. `ended` returns the calls since it was last used: the turn id, and the status of the turn or
 * `none`.
 */
const ledger = (name: string, more: Partial<Middleware> = {}) => {
  const reserved: Array<TurnId | undefined> = []
  let received: Array<readonly [TurnId | undefined, Turn | undefined]> = []
  const middleware: Middleware = {
    name,
    admission: (prompt, { turnId }) => {
      reserved.push(turnId)
      return Effect.succeed(prompt)
    },
    ended: (turn, { turnId }) => Effect.sync(() => void received.push([turnId, turn])),
    ...more
  }
  const turns = Effect.map(settled, () => {
    const since = received
    received = []
    return since
  })
  const ended = Effect.map(turns, (all) => all.map(([turnId, turn]) => [turnId, turn?.status ?? "none"]))
  return { middleware, reserved, turns, ended }
}

const adding = (name: string, more?: Partial<Middleware>) => {
  const made = ledger(name, more)
  return Effect.as(add(made.middleware), made)
}

const keyed = (content: string) => ({ content, key: IdempotencyKey.make("a") })

describe("ended", () => {
  it.scoped("runs once for a turn, with its stored record", () =>
    Effect.gen(function*() {
      const { reserved, turns } = yield* adding("a")
      const session = yield* start
      const { turnId } = yield* session.send("Hello")
      const stored = yield* session.turns
      assert.deepStrictEqual(yield* turns, [[turnId, stored[0]]])
      assert.deepStrictEqual(reserved, [turnId])
      yield* session.send("again")
      const [[, second] = [], ...more] = yield* turns
      assert.deepStrictEqual([second?.status, second?.ordinal, more], ["completed", 2, []])
      assert.isTrue(Object.isFrozen(second))
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("runs without a turn when admission refused: for those that ran, and the one that refused", () =>
    Effect.gen(function*() {
      const first = yield* adding("first", { priority: 2 })
      const refusing = yield* adding("refusing", {
        priority: 1,
        admission: () => new MiddlewareRefusal({ reason: "no" })
      })
      const last = yield* adding("last")
      const session = yield* start
      yield* Effect.flip(session.send("Hello"))
      const [turnId] = first.reserved
      assert.isDefined(turnId)
      assert.deepStrictEqual(yield* first.ended, [[turnId, "none"]])
      assert.deepStrictEqual(yield* refusing.ended, [[turnId, "none"]])
      assert.deepStrictEqual([yield* last.ended, last.reserved], [[], []])
      assert.deepStrictEqual(yield* session.turns, [])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("runs for middleware without an admission stage, too", () =>
    Effect.gen(function*() {
      const received: Array<string> = []
      yield* add({ name: "listening", ended: (turn) => Effect.sync(() => void received.push(turn?.status ?? "none")) })
      const session = yield* start
      yield* session.send("Hello")
      yield* settled
      yield* add({ name: "refusing", admission: () => new MiddlewareRefusal({ reason: "no" }) })
      yield* Effect.flip(session.send("Hello"))
      yield* settled
      assert.deepStrictEqual(received, ["completed", "none"])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("runs for a turn that its provider or a later stage failed", () =>
    Effect.gen(function*() {
      const { turns } = yield* adding("a")
      const session = yield* start
      yield* script({ end: new ProviderRejected({ provider: "mock", reason: "HTTP 400" }) })
      yield* Effect.flip(session.send("Hello"))
      yield* Effect.scoped(Effect.zipRight(
        add({ name: "turning", turn: () => new MiddlewareRefusal({ reason: "no" }) }),
        Effect.flip(session.send("Hello"))
      ))
      yield* Effect.scoped(Effect.zipRight(
        add({ name: "replying", reply: () => new MiddlewareRefusal({ reason: "no" }) }),
        Effect.flip(session.send("Hello"))
      ))
      assert.deepStrictEqual((yield* turns).map(([, turn]) => [turn?.ordinal, turn?.status, turn?.error?._tag]), [
        [1, "failed", "ProviderRejected"],
        [2, "failed", "MiddlewareError"],
        [3, "failed", "MiddlewareError"]
      ])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("runs for a stopped turn, and for one dropped before it started", () =>
    Effect.gen(function*() {
      const { ended } = yield* adding("a")
      const session = yield* start
      const running = yield* runningTurn(session, "one", "never said")
      const waiting = yield* session.submit("two")
      assert.deepStrictEqual(yield* ended, [])
      yield* session.stop({ turnId: waiting.turnId })
      assert.deepStrictEqual(yield* ended, [[waiting.turnId, "stopped"]])
      yield* session.stop()
      assert.deepStrictEqual(yield* ended, [[running.turnId, "stopped"]])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("runs for a turn that was steered into another one, when that ends", () =>
    Effect.gen(function*() {
      const { turns } = yield* adding("a")
      const session = yield* start
      const { open, ...running } = yield* runningTurn(session, "one", "Hi")
      const steered = yield* session.submit({ content: "two", whenBusy: "steer" })
      assert.deepStrictEqual(yield* turns, [])
      yield* open
      yield* session.send({ content: "three", whenBusy: "queue" })
      const received = yield* turns
      assert.deepStrictEqual(
        received.map(([turnId, turn]) => [turnId, turn?.status]).slice(0, 2),
        [[running.turnId, "completed"], [steered.turnId, "completed"]]
      )
      assert.lengthOf(received, 3)
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("runs without a turn for each open turn when its session is deleted", () =>
    Effect.gen(function*() {
      const { ended } = yield* adding("a")
      const session = yield* start
      const running = yield* runningTurn(session, "one", "never said")
      const waiting = yield* session.submit("two")
      yield* session.delete
      assert.sameDeepMembers(yield* ended, [[running.turnId, "none"], [waiting.turnId, "none"]])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("does not run for a send with a known key, which never reached admission", () =>
    Effect.gen(function*() {
      const { ended, reserved } = yield* adding("a")
      const session = yield* start
      const reply = yield* session.send(keyed("Hello"))
      assert.deepStrictEqual(yield* ended, [[reply.turnId, "completed"]])
      assert.deepStrictEqual(yield* session.send(keyed("Hello")), reply)
      assert.deepStrictEqual([yield* ended, reserved], [[], [reply.turnId]])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("runs without a turn for a send whose key became known during admission", () =>
    Effect.gen(function*() {
      const both = yield* Deferred.make<void>()
      let waiting = 0
      const { ended, reserved } = yield* adding("a")
      yield* add({
        name: "gate",
        admission: (prompt) =>
          Effect.suspend(() => (++waiting === 2 ? Deferred.succeed(both, undefined) : Effect.void)).pipe(
            Effect.zipRight(Deferred.await(both)),
            Effect.as(prompt)
          )
      })
      const session = yield* start
      const [one, two] = yield* Effect.all([session.send(keyed("Hello")), session.send(keyed("Hello"))], {
        concurrency: 2
      })
      assert.deepStrictEqual(one, two)
      assert.lengthOf(new Set(reserved), 2)
      assert.sameDeepMembers(
        yield* ended,
        reserved.map((turnId) => [turnId, turnId === one.turnId ? "completed" : "none"])
      )
      assert.lengthOf(yield* session.turns, 1)
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("runs without a turn when the session is busy, the message too long, or the store fails", () =>
    Effect.gen(function*() {
      const { ended, reserved } = yield* adding("a")
      const session = yield* start
      const { open, ...running } = yield* runningTurn(session, "one", "Hi")
      yield* Effect.flip(session.send({ content: "two", whenBusy: "reject" }))
      assert.deepStrictEqual(yield* ended, [[reserved[1], "none"]])
      yield* open
      yield* settled
      assert.deepStrictEqual(yield* ended, [[running.turnId, "completed"]])

      const limited = yield* Effect.flatMap(
        SessionManager,
        (sessions) =>
          sessions.create({ userId: "ada", provider: "mock", model: "mock-model", config: { maxTokensPerMessage: 1 } })
      )
      assert.strictEqual((yield* Effect.flip(limited.send("three, and more")))._tag, "LimitExceeded")
      assert.deepStrictEqual(yield* ended, [[reserved[2], "none"]])

      const store = yield* SessionStore
      const full = SessionStore.of({
        ...store,
        commit: () => new StoreError({ reason: "Full", detail: "received to" })
      })
      const other = yield* start
      const { host } = yield* Effect.provideService(anotherHost(), SessionStore, full)
      yield* Effect.flip(host.send(other.id, { content: "four" }))
      assert.deepStrictEqual(yield* ended, [[reserved[3], "none"]])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("runs without a turn when the sender is interrupted during admission", () =>
    Effect.gen(function*() {
      const { ended, reserved } = yield* adding("a", { priority: 1 })
      const asked = yield* Deferred.make<void>()
      yield* add({ name: "slow", admission: () => Effect.zipRight(Deferred.succeed(asked, undefined), Effect.never) })
      const session = yield* start
      const send = yield* Effect.fork(session.send("Hello"))
      yield* Deferred.await(asked)
      yield* Fiber.interrupt(send)
      assert.deepStrictEqual(yield* ended, [[reserved[0], "none"]])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("runs for middleware that admitted the turn, even if its condition changed or it was removed", () =>
    Effect.gen(function*() {
      const early = yield* adding("early", { when: ({ context }) => context.user["late"] === undefined })
      const late = yield* adding("late", { when: ({ context }) => context.user["late"] === true })
      const removed = yield* adding("removed")
      const session = yield* start
      const { open, turnId } = yield* runningTurn(session, "Hello", "Hi")
      yield* session.updateContext({ user: { late: true } })
      yield* Effect.flatMap(MiddlewarePipeline, (pipeline) => pipeline.remove("removed"))
      const added = yield* adding("added")
      yield* open
      assert.deepStrictEqual(yield* early.ended, [[turnId, "completed"]])
      assert.deepStrictEqual(yield* removed.ended, [[turnId, "completed"]])
      assert.deepStrictEqual([yield* late.ended, yield* added.ended], [[], []])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("runs for a turn that an earlier process admitted, by condition", () =>
    Effect.gen(function*() {
      const session = yield* start
      const { turnId } = yield* runningTurn(session, { content: "Hello", onUnknown: "retry" }, "never said")
      const forIt = ledger("for it", { when: { provider: "mock" } })
      const forOthers = ledger("for others", { when: { provider: "other" } })
      const later = yield* Layer.build(MiddlewarePipeline.layer(forIt.middleware, forOthers.middleware))
      const { host } = yield* Effect.provide(anotherHost(), later)
      yield* host.send(session.id, { content: "next" })
      assert.deepStrictEqual((yield* forIt.ended)[0], [turnId, "completed"])
      assert.deepStrictEqual(yield* forOthers.ended, [])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("runs again without a turn for an edit that was still in admission when its turn ended", () =>
    Effect.gen(function*() {
      const early = yield* adding("early", { priority: 2 })
      const session = yield* start
      yield* runningTurn(session, "one", "never said")
      const { turnId } = yield* session.submit("two")
      const admitting = yield* Deferred.make<void>()
      const goOn = yield* Deferred.make<void>()
      const slow = yield* adding("slow", {
        priority: 1,
        admission: (prompt) =>
          Deferred.succeed(admitting, undefined).pipe(
            Effect.zipRight(Deferred.await(goOn)),
            Effect.as(prompt)
          )
      })
      const last = yield* adding("last")
      const edit = yield* Effect.fork(session.edit({ turnId, content: "2" }))
      yield* Deferred.await(admitting)
      yield* session.stop({ turnId })
      assert.deepStrictEqual(yield* early.ended, [[turnId, "stopped"]])
      yield* Deferred.succeed(goOn, undefined)
      assert.strictEqual(yield* Fiber.join(edit), "tooLate")
      // It may have reserved something after the end, so it is called again.
      assert.deepStrictEqual(yield* slow.ended, [[turnId, "stopped"], [turnId, "none"]])
      assert.deepStrictEqual([yield* early.ended, yield* last.ended], [[], [[turnId, "none"]]])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.effect.each<[string, NonNullable<Middleware["ended"]>]>([
    ["fails", () => untyped(Effect.fail("broken"))],
    ["throws", () => {
      throw new Error("broken")
    }],
    ["dies", () => Effect.die("broken")],
    ["interrupts itself", () => Effect.interrupt],
    ["returns nothing", () => untyped(undefined)],
    ["hangs", () => Effect.never],
    ["hangs and cannot be interrupted", () => Effect.uninterruptible(Effect.never)]
  ])(
    "rows 47, 48: that %s is logged, and affects neither the result of a turn nor its duration",
    ([, ended]) =>
      withCapturedLogs((lines) =>
        Effect.gen(function*() {
          const session = yield* start
          yield* add({ name: "broken", priority: 1, ended })
          const sane = yield* adding("sane")
          // The clock does not advance here.
          const replies = [yield* session.send("canary"), yield* session.send("canary")]
          assert.deepStrictEqual(replies.map(({ text }) => text), ["You said: canary", "You said: canary"])
          assert.deepStrictEqual(yield* sane.ended, replies.map(({ turnId }) => [turnId, "completed"]))
          yield* TestClock.adjust("2 seconds")
          const received = lines.filter(({ message }) => message.startsWith("Middleware failed in ended"))
          assert.deepStrictEqual(received.map(({ annotations, level }) => [level, annotations]), [
            ["Error", { middleware: "broken", sessionId: session.id }],
            ["Error", { middleware: "broken", sessionId: session.id }]
          ])
          assert.notInclude(JSON.stringify(lines), "canary")
          assert.deepStrictEqual((yield* session.turns).map(({ status }) => status), ["completed", "completed"])
        }).pipe(Effect.scoped, Effect.provide(SessionRuntime.layerTest()))
      )
  )
})
