import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Stream } from "effect"
import { MockProvider } from "../../src/layers/provider/MockProvider.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { HookBus } from "../../src/services/HookBus.js"
import { ProviderEvent } from "../../src/services/Provider.js"
import { start } from "./anotherHost.js"
import { gatedReply } from "./gatedReply.js"

// Replies "half" and then stalls; `closed` waits until the provider call was closed.
const halfAReply = Effect.gen(function*() {
  const said = yield* Deferred.make<void>()
  const closed = yield* Deferred.make<void>()
  const mock = yield* MockProvider
  yield* mock.script([() =>
    Stream.make(ProviderEvent.TextDelta({ text: "half" })).pipe(
      Stream.concat(Stream.fromEffect(Effect.zipRight(Deferred.succeed(said, undefined), Effect.never))),
      Stream.ensuring(Deferred.succeed(closed, undefined))
    )])
  return { said: Deferred.await(said), closed: Deferred.await(closed) }
})

describe("stop", () => {
  it.effect("closes the provider call, keeps the partial reply, and lets the next turn run", () =>
    Effect.gen(function*() {
      const session = yield* start
      const { closed, said } = yield* halfAReply
      const send = yield* Effect.fork(session.send("tell me everything"))
      yield* said
      const next = yield* Effect.fork(session.send("and now?"))
      assert.strictEqual(yield* session.stop(), "stopped")
      yield* closed
      assert.strictEqual((yield* Effect.flip(Fiber.join(send)))._tag, "TurnStopped")
      assert.strictEqual((yield* Fiber.join(next)).text, "You said: and now?")
      const { items } = yield* session.messages()
      assert.deepStrictEqual(items.map(({ finishReason, text }) => [finishReason, text]), [
        [undefined, "tell me everything"],
        ["cut", "half"],
        [undefined, "and now?"],
        ["complete", "You said: and now?"]
      ])
      const [, stopped] = yield* session.turns
      assert.deepStrictEqual([stopped?.status, stopped?.error?.code, stopped?.replySeq], ["stopped", "turn_stopped", 2])
      const metrics = yield* session.metrics
      assert.deepStrictEqual([metrics.providerCalls, metrics.providerErrors], [2, 0])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.effect("keeps nothing of the reply with keepPartial: false", () =>
    Effect.gen(function*() {
      const session = yield* start
      const { said } = yield* halfAReply
      const send = yield* Effect.fork(session.send("hi"))
      yield* said
      assert.strictEqual(yield* session.stop({ keepPartial: false }), "stopped")
      yield* Fiber.await(send)
      assert.deepStrictEqual((yield* session.messages()).items.map(({ text }) => text), ["hi"])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.effect("has one outcome for concurrent stops, and reports when there is nothing to stop", () =>
    Effect.gen(function*() {
      const session = yield* start
      assert.strictEqual(yield* session.stop(), "alreadyEnded")
      const { said } = yield* halfAReply
      yield* Effect.fork(session.send("hi"))
      yield* said
      const outcomes = yield* Effect.all([session.stop(), session.stop()], { concurrency: "unbounded" })
      assert.deepStrictEqual(outcomes, ["stopped", "stopped"])
      const [turn] = yield* session.turns
      assert.strictEqual(yield* session.stop({ turnId: turn?.id ?? "" }), "alreadyEnded")
      assert.strictEqual(yield* session.stop(), "alreadyEnded")
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.effect("drops a waiting turn, and nothing else", () =>
    Effect.gen(function*() {
      const session = yield* start
      const mock = yield* MockProvider
      const { asked, open, reply } = yield* gatedReply("first")
      yield* mock.script([reply])
      const first = yield* Effect.fork(session.send("one"))
      yield* asked
      const second = yield* Effect.fork(session.send("two"))
      const third = yield* Effect.fork(session.send("three"))
      yield* Effect.yieldNow()
      const waiting = (yield* session.turns).find(({ prompt }) =>
        prompt?.parts.some((part) => part._tag === "Text" && part.text === "two")
      )
      assert.strictEqual(yield* session.stop({ turnId: waiting?.id ?? "" }), "stopped")
      assert.strictEqual((yield* Effect.flip(Fiber.join(second)))._tag, "TurnStopped")
      yield* open
      assert.strictEqual((yield* Fiber.join(first)).text, "first")
      assert.strictEqual((yield* Fiber.join(third)).text, "You said: three")
      const { items } = yield* session.messages()
      assert.deepStrictEqual(items.map(({ text }) => text), ["one", "first", "three", "You said: three"])
      assert.strictEqual((yield* mock.requests).length, 2)
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("publishes TurnStopped to hooks, and not TurnFailed", () =>
    Effect.gen(function*() {
      const session = yield* start
      const bus = yield* HookBus
      const seen: Array<string> = []
      yield* bus.add({ name: "witness", on: ({ _tag }) => Effect.sync(() => seen.push(_tag)) })
      const { said } = yield* halfAReply
      yield* Effect.fork(session.send("hi"))
      yield* said
      yield* session.stop()
      yield* bus.flush
      assert.deepStrictEqual(seen, ["TurnAccepted", "MessageSent", "TurnStarted", "MessageReceived", "TurnStopped"])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))
})
