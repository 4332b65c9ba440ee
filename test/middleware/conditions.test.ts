import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Option } from "effect"
import { ProviderRejected } from "../../src/domain/error/ProviderError.js"
import type { JsonRecord } from "../../src/domain/Json.js"
import { makeSessionContext } from "../../src/domain/SessionContext.js"
import { MockProvider } from "../../src/layers/provider/MockProvider.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import type { Middleware, MiddlewareContext } from "../../src/services/Middleware.js"
import { MiddlewarePipeline } from "../../src/services/MiddlewarePipeline.js"
import { SessionManager } from "../../src/services/SessionManager.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { asking, now, session, sessionId } from "../domain/conversation.js"
import { start, texts } from "../host/anotherHost.js"
import { gatedReply } from "../host/gatedReply.js"
import { listening } from "../host/listening.js"
import { script } from "../host/scripted.js"
import { add, context, marking, prompt, reply } from "./pipeline.js"
import { untyped } from "./untyped.js"

const of = (user: JsonRecord, tags?: ReadonlyArray<string>): MiddlewareContext => ({
  session: { ...session, config: tags === undefined ? {} : { tags } },
  context: makeSessionContext(sessionId, now, { user })
})

/** Whether a middleware with this condition runs at each stage. */
const isFor = (when: Middleware["when"], about: MiddlewareContext) =>
  Effect.gen(function*() {
    const asked: Array<string> = []
    const ask = (stage: string) => Effect.sync(() => void asked.push(stage))
    const pipeline = yield* Effect.provide(
      MiddlewarePipeline,
      MiddlewarePipeline.layer({
        name: "a",
        ...(when !== undefined && { when }),
        admission: (prompt) => Effect.as(ask("admission"), prompt),
        turn: (request) => Effect.as(ask("turn"), request),
        reply: (reply) => Effect.as(ask("reply"), reply),
        ended: () => ask("ended")
      })
    )
    yield* pipeline.admission(prompt("Hello"), about)
    const turn = pipeline.begin(about)
    yield* turn.turn(asking("Hello"), about)
    yield* turn.reply(reply("Hi"), about)
    const told = pipeline.ended({ ...untyped({ id: "turn" }) }, about)
    yield* Option.getOrElse(told, () => Effect.void)
    return asked
  })

const broken = () => {
  throw new Error("broken")
}

describe("a condition", () => {
  const trial = of({ type: "trial" }, ["public", "beta"])
  const unknown = of({})

  it.effect.each<[string, Middleware["when"], MiddlewareContext, boolean]>([
    ["none", undefined, unknown, true],
    ["an empty record", {}, unknown, true],
    ["the user's type", { userType: "trial" }, trial, true],
    ["another type", { userType: "paying" }, trial, false],
    ["one of several types", { userType: ["paying", "trial"] }, trial, true],
    ["none of several types", { userType: ["paying", "free"] }, trial, false],
    ["no types", { userType: [] }, trial, false],
    ["a type that the user does not have", { userType: "trial" }, unknown, false],
    ["a type, and the user's is no text", { userType: "7" }, of({ type: 7 }), false],
    ["a type that is part of the user's", { userType: "tri" }, trial, false],
    ["the provider", { provider: "mock" }, trial, true],
    ["another provider", { provider: "other" }, trial, false],
    ["one of several providers", { provider: ["other", "mock"] }, trial, true],
    ["no providers", { provider: [] }, trial, false],
    ["the model", { model: "mock-model" }, trial, true],
    ["another model", { model: ["mock", "model"] }, trial, false],
    ["one of several models", { model: ["other", "mock-model"] }, trial, true],
    ["no models", { model: [] }, trial, false],
    ["a tag", { tags: "beta" }, trial, true],
    ["another tag", { tags: "private" }, trial, false],
    ["one of several tags", { tags: ["private", "public"] }, trial, true],
    ["no tags", { tags: [] }, trial, false],
    ["a tag, and the session has none", { tags: "beta" }, unknown, false],
    ["a predicate that holds", { predicate: ({ session }) => session.userId === "ada" }, trial, true],
    ["a predicate that does not", { predicate: ({ context }) => context.user["type"] === "paying" }, trial, false],
    [
      "all of it",
      {
        userType: "trial",
        provider: "mock",
        model: "mock-model",
        tags: "public",
        predicate: () => true
      },
      trial,
      true
    ],
    ["all but the type", { userType: "free", provider: "mock", predicate: () => true }, trial, false],
    ["all but the provider", { userType: "trial", provider: "other", tags: "public" }, trial, false],
    ["all but the model", { provider: "mock", model: "other", tags: "public" }, trial, false],
    ["all but the tag", { userType: "trial", model: "mock-model", tags: "private" }, trial, false],
    ["all but the predicate", { provider: "mock", tags: "public", predicate: () => false }, trial, false],
    ["a function that holds", ({ context }) => context.user["type"] === "trial", trial, true],
    ["a function that does not", ({ session }) => session.model === "other", trial, false]
  ])("that is %s", ([, when, about, holds]) =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* isFor(when, about), holds ? ["admission", "turn", "reply", "ended"] : [])
    }))

  it.effect("is evaluated once at admission, and once when the turn starts", () =>
    Effect.gen(function*() {
      let count = 0
      const pipeline = yield* MiddlewarePipeline
      yield* pipeline.add({
        name: "a",
        when: { predicate: () => ++count > 0 },
        admission: Effect.succeed,
        turn: Effect.succeed,
        reply: Effect.succeed,
        ended: () => Effect.void
      })
      yield* pipeline.admission(prompt("Hello"), context)
      assert.strictEqual(count, 1)
      const turn = pipeline.begin(context)
      assert.strictEqual(count, 2)
      yield* turn.turn(asking("Hello"), context)
      yield* turn.reply(reply("Hi"), context)
      assert.strictEqual(count, 2)
    }).pipe(Effect.scoped, Effect.provide(MiddlewarePipeline.layer())))

  it.scoped("is evaluated again when a waiting turn starts, and keeps its result until the turn ends", () =>
    Effect.gen(function*() {
      yield* add(marking("late", { when: { userType: "paying" } }))
      yield* add(marking("early", { when: { userType: "trial" } }))
      const session = yield* start
      yield* session.updateContext({ user: { type: "trial" } })
      const { asked, open, reply } = yield* gatedReply("Hi")
      yield* script(reply)
      const running = yield* Effect.fork(session.send("one"))
      yield* asked
      const waiting = yield* Effect.fork(session.send("two"))
      yield* Effect.yieldNow()
      yield* session.updateContext({ user: { type: "paying" } })
      yield* open
      assert.deepStrictEqual((yield* Fiber.join(running)).metadata, { early: true })
      assert.deepStrictEqual((yield* Fiber.join(waiting)).metadata, { late: true })
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("matches tags, and the session's provider even while a fallback stands in", () =>
    Effect.gen(function*() {
      const second = yield* MockProvider.make({ name: "second" })
      yield* add(marking("mine", { when: { provider: "mock", tags: "public" } }))
      yield* add(marking("theirs", { when: { provider: "second" } }))
      const sessions = yield* SessionManager
      const session = yield* sessions.create({
        userId: "ada",
        provider: "mock",
        model: "mock-model",
        config: { tags: ["public"], fallbacks: [{ provider: "second", model: "m" }] }
      })
      yield* script({ end: new ProviderRejected({ provider: "mock", reason: "HTTP 400" }) })
      yield* second.script([{ text: "Hi" }])
      const reply = yield* session.send("Hello")
      assert.deepStrictEqual([reply.text, reply.metadata], ["Hi", { mine: true }])
      assert.deepStrictEqual((yield* (yield* start).send("Hello")).metadata, {})
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.effect.each<[string, Middleware["when"]]>([
    ["a function", broken],
    ["a predicate", { predicate: broken }]
  ])(
    "rows 47, 48: that is %s and throws fails a required middleware closed, and skips each stage of an optional one",
    ([, when]) =>
      Effect.gen(function*() {
        const throwing = marking("throwing", {
          ...(when !== undefined && { when }),
          admission: Effect.succeed,
          turn: Effect.succeed
        })
        const session = yield* start
        yield* Effect.scoped(Effect.gen(function*() {
          yield* add(throwing)
          const error = yield* Effect.flip(session.send("Hello"))
          assert.deepInclude(error, { _tag: "MiddlewareError", reason: "failed unexpectedly" })
          assert.deepStrictEqual([yield* session.turns, yield* texts(session.id)], [[], []])
        }))
        const told: Array<string> = []
        yield* add({
          ...throwing,
          policy: "optional",
          ended: () => Effect.sync(() => void told.push("ended"))
        })
        const stream = yield* listening(session.stream("Hello"))
        yield* stream.end
        // It might filter replies, so nothing streams past it.
        assert.deepStrictEqual(stream.heard.map(({ _tag }) => _tag), [
          "TurnAccepted",
          "TurnStarted",
          "TurnDelta",
          "TurnCompleted"
        ])
        const store = yield* SessionStore
        const events = yield* store.events(session.id, 0, 100)
        assert.deepStrictEqual(
          events.flatMap((event) =>
            event._tag === "TurnNoticed" && event.notice._tag === "MiddlewareSkipped"
              ? [[event.notice.stage, event.notice.reason]]
              : []
          ),
          [["admission", "failed"], ["turn", "failed"], ["reply", "failed"]]
        )
        yield* Effect.repeatN(Effect.yieldNow(), 20)
        assert.deepStrictEqual(told, ["ended"])
      }).pipe(Effect.scoped, Effect.provide(SessionRuntime.layerTest()))
  )

  it.effect.each<[string, (about: MiddlewareContext) => boolean]>([
    ["session's owner", ({ session }) => Object.assign(session, { userId: "eve" }) !== undefined],
    ["session's settings", ({ session }) => Object.assign(session.config, { maxMessages: 1 }) !== undefined],
    ["context", ({ context }) => Object.assign(context.user, { admin: true }) !== undefined]
  ])("row 48: that tries to change the %s fails", ([, change]) =>
    Effect.gen(function*() {
      const session = yield* start
      const [info, before] = [yield* session.info, yield* session.context]
      for (const when of [change, { predicate: change }]) {
        for (const stage of [{ admission: Effect.succeed }, { reply: Effect.succeed }]) {
          const error = yield* Effect.flip(
            Effect.scoped(Effect.zipRight(add({ name: "changing", when, ...stage }), session.send("Hello")))
          )
          assert.deepInclude(error, { _tag: "MiddlewareError", reason: "failed unexpectedly" })
        }
      }
      yield* session.send("Hello")
      const { config, userId } = yield* session.info
      assert.deepStrictEqual([userId, config, yield* session.context], [info.userId, info.config, before])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))
})
