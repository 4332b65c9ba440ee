import { assert, describe, it } from "@effect/vitest"
import { SpanKind, SpanStatusCode } from "@opentelemetry/api"
import { Effect, Fiber, Layer } from "effect"
import { ProviderTransient } from "../../src/domain/error/ProviderError.js"
import { MockProvider } from "../../src/layers/provider/MockProvider.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import * as SessionTelemetry from "../../src/layers/telemetry/SessionTelemetry.js"
import { MiddlewareRefusal } from "../../src/services/Middleware.js"
import { MiddlewarePipeline } from "../../src/services/MiddlewarePipeline.js"
import { anotherHost } from "../host/anotherHost.js"
import { gatedReply } from "../host/gatedReply.js"
import { script } from "../host/scripted.js"
import { Exported, flatten, named, outline } from "./Exported.js"
import { runtime, start } from "./runtime.js"

const overloaded = new ProviderTransient({ provider: "mock", reason: "overloaded" })

describe("the spans of a turn", () => {
  it.scoped("form a tree: the send, the turn, and below it calls, commits and middleware", () =>
    Effect.gen(function*() {
      const pipeline = yield* MiddlewarePipeline
      yield* pipeline.add({
        name: "polite",
        admission: Effect.succeed,
        turn: Effect.succeed,
        reply: Effect.succeed
      })
      yield* MockProvider.make({ name: "second", vendor: "openai" })
      yield* script({ end: overloaded })
      const session = yield* start("first-model", "second-model")
      yield* session.send("Hello")
      const spans = yield* Effect.flatMap(Exported, ({ spans }) => spans)
      assert.deepStrictEqual(outline(spans), [
        "SessionManager.create",
        "store open",
        "Session.send",
        "  middleware polite",
        "  turn",
        "    store commit",
        "    middleware polite",
        "    store commit",
        "    chat first-model",
        "    store commit",
        "    chat second-model",
        "    middleware polite",
        "    store commit"
      ])
      const [turn] = yield* session.turns
      const turnId = turn?.id
      const conversation = { "gen_ai.conversation.id": session.id, "langswarm.turn.id": turnId }
      const [failed, answered] = flatten(spans).filter(({ kind }) => kind === SpanKind.CLIENT)
      const asked = {
        ...conversation,
        "gen_ai.operation.name": "chat",
        "gen_ai.request.stream": true,
        "langswarm.messages": 1
      }
      assert.deepStrictEqual(failed?.attributes, {
        ...asked,
        "gen_ai.provider.name": "mock",
        "gen_ai.request.model": "first-model",
        "langswarm.provider": "mock",
        "langswarm.fallback": 0,
        "error.type": "provider_transient"
      })
      assert.deepStrictEqual(failed?.status, { code: SpanStatusCode.ERROR, message: "provider_transient" })
      assert.deepStrictEqual(answered?.attributes, {
        ...asked,
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "second-model",
        "gen_ai.response.finish_reasons": "[\n  \"stop\"\n]",
        "gen_ai.usage.input_tokens": 2,
        "gen_ai.usage.output_tokens": 4,
        "langswarm.provider": "second",
        "langswarm.fallback": 1
      })
      assert.strictEqual(answered?.status.code, SpanStatusCode.OK)
      const [{ attributes } = { attributes: {} }] = yield* named("turn")
      assert.deepStrictEqual(attributes, {
        ...conversation,
        "gen_ai.request.model": "first-model",
        "langswarm.session.provider": "mock",
        "langswarm.turn.ordinal": 1,
        "langswarm.turn.outcome": "completed"
      })
      const commits = yield* named("store commit")
      assert.deepStrictEqual(
        commits.map(({ attributes }) => [
          attributes["langswarm.turn.id"],
          attributes["langswarm.commit.messages"],
          attributes["langswarm.commit.events"]
        ]),
        [[turnId, 0, 1], [turnId, 1, 2], [turnId, 0, 1], [turnId, 1, 2]]
      )
    }).pipe(Effect.provide(runtime())))

  it.effect("belong to the span of the sender, even if the turn waits for another", () =>
    Effect.gen(function*() {
      const { asked, open, reply } = yield* gatedReply("at last")
      yield* script(reply)
      const session = yield* start("gated")
      const first = yield* Effect.fork(Effect.withSpan(session.send("one"), "first"))
      yield* asked
      yield* Effect.withSpan(session.submit("two"), "second")
      const third = yield* Effect.fork(Effect.withSpan(session.send("three"), "third"))
      yield* open
      yield* Fiber.join(first)
      yield* Fiber.join(third)
      const spans = yield* Effect.flatMap(Exported, ({ spans }) => spans)
      const turn = ["    turn", "      store commit", "      chat gated", "      store commit"]
      const waiting = ["    turn", "      store commit", ...turn.slice(1)]
      const of = (name: string) => outline(spans.filter((span) => span.name === name))
      assert.deepStrictEqual(of("first"), ["first", "  Session.send", ...turn])
      assert.deepStrictEqual(of("second"), ["second", "  Session.submit", ...waiting])
      assert.deepStrictEqual(of("third"), ["third", "  Session.send", ...waiting])
    }).pipe(Effect.provide(runtime())))

  it.effect("show that it was stopped, which is not an error", () =>
    Effect.gen(function*() {
      const { asked, reply } = yield* gatedReply("never")
      yield* script(reply)
      const session = yield* start("stopped")
      const send = yield* Effect.fork(session.send("one"))
      yield* asked
      yield* session.stop()
      yield* Fiber.await(send)
      const [turn] = yield* named("turn")
      const [call] = yield* named("chat stopped")
      for (const span of [turn, call]) {
        assert.deepStrictEqual([span?.status.code, span?.attributes["status.interrupted"]], [SpanStatusCode.OK, true])
        assert.notProperty(span?.attributes, "error.type")
      }
      assert.strictEqual(turn?.attributes["langswarm.turn.outcome"], "stopped")
    }).pipe(Effect.provide(runtime())))

  it.scoped("have no parent when an earlier process left the turn", () =>
    Effect.gen(function*() {
      const { asked, reply } = yield* gatedReply("never")
      yield* script(reply)
      const session = yield* start("left")
      yield* Effect.fork(session.send({ content: "one", onUnknown: "retry" }))
      yield* asked
      const { host } = yield* anotherHost().pipe(
        Effect.provide(SessionTelemetry.layer()),
        Effect.withSpan("start up")
      )
      yield* host.send(session.id, { content: "two" })
      const spans = yield* Effect.flatMap(Exported, ({ spans }) => spans)
      const found = spans.find(({ name }) => name === "turn")
      assert.deepStrictEqual(outline(found?.children ?? []), ["store commit", "chat left", "store commit"])
    }).pipe(Effect.provide(runtime())))

  it.scoped("show the outcome of middleware", () =>
    Effect.gen(function*() {
      const pipeline = yield* MiddlewarePipeline
      yield* pipeline.add({ name: "skipped", when: () => false, admission: Effect.succeed })
      yield* pipeline.add({ name: "broken", policy: "optional", admission: () => Effect.dieMessage("oh") })
      yield* pipeline.add({ name: "strict", admission: () => new MiddlewareRefusal({ reason: "no" }) })
      const session = yield* start("refused")
      yield* Effect.flip(session.send("Hello"))
      const middleware = flatten(yield* Effect.flatMap(Exported, ({ spans }) => spans)).filter(({ name }) =>
        name.startsWith("middleware")
      )
      assert.deepStrictEqual(middleware.map(({ attributes }) => attributes), [
        { "langswarm.middleware.name": "broken", "langswarm.middleware.stage": "admission", "error.type": "defect" },
        { "langswarm.middleware.name": "strict", "langswarm.middleware.stage": "admission", "error.type": "refused" }
      ])
      assert.deepStrictEqual(yield* named("turn"), [])
    }).pipe(Effect.provide(runtime())))

  it.effect("do not exist without the layer", () =>
    Effect.gen(function*() {
      const session = yield* start("unseen")
      yield* session.send("Hello")
      const spans = yield* Effect.flatMap(Exported, ({ spans }) => spans)
      assert.deepStrictEqual(outline(spans), ["SessionManager.create", "Session.send"])
    }).pipe(Effect.provide(SessionRuntime.layerTest().pipe(Layer.provideMerge(Exported.layer)))))
})
