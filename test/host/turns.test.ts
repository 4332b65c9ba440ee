import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Stream } from "effect"
import { ProviderTransient } from "../../src/domain/error/ProviderError.js"
import { MockProvider } from "../../src/layers/provider/MockProvider.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { ProviderEvent } from "../../src/services/Provider.js"
import { start } from "./anotherHost.js"
import { gatedReply } from "./gatedReply.js"

describe("turns", () => {
  it.effect("answers 64 concurrent sends in order, in pairs, without a gap", () =>
    Effect.gen(function*() {
      const session = yield* start
      const replies = yield* Effect.forEach(
        Array.from({ length: 64 }, (_, index) => `line ${index}`),
        (line) => session.send(line),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(replies.map(({ text }) => text), replies.map((_, index) => `You said: line ${index}`))
      const { items } = yield* session.messages({ limit: 200 })
      assert.deepStrictEqual(items.map(({ seq }) => seq), items.map((_, index) => index + 1))
      assert.deepStrictEqual(
        items.map(({ role, text }) => `${role}: ${text}`),
        replies.flatMap((_, index) => [`user: line ${index}`, `assistant: You said: line ${index}`])
      )
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.effect("refuses a send beyond the queue's capacity at once, and stores nothing", () =>
    Effect.gen(function*() {
      const session = yield* start
      const mock = yield* MockProvider
      const { open, reply } = yield* gatedReply("done")
      yield* mock.script([reply])
      const sends = yield* Effect.forEach(
        Array.from({ length: 64 }, () => "hi"),
        (text) => Effect.fork(session.send(text))
      )
      yield* Effect.yieldNow()
      const error = yield* Effect.flip(session.send("one too many"))
      assert.strictEqual(error._tag, "SessionBusy")
      yield* open
      yield* Fiber.joinAll(sends)
      const { items } = yield* session.messages({ limit: 200 })
      assert.strictEqual(items.length, 128)
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.effect("shows each turn the history before it, not the turns that wait behind it", () =>
    Effect.gen(function*() {
      const session = yield* start
      yield* Effect.forEach(["one", "two", "three"], (text) => session.send(text), { concurrency: "unbounded" })
      const requests = yield* Effect.flatMap(MockProvider, (mock) => mock.requests)
      assert.deepStrictEqual(requests.map(({ messages }) => messages.map(({ text }) => text)), [
        ["one"],
        ["one", "You said: one", "two"],
        ["one", "You said: one", "two", "You said: two", "three"]
      ])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.effect("streams the turn's events in order", () =>
    Effect.gen(function*() {
      const session = yield* start
      const events = Array.from(yield* Stream.runCollect(session.stream("a b")))
      assert.deepStrictEqual(events.map(({ _tag }) => _tag), [
        "TurnAccepted",
        "TurnStarted",
        ...Array.from({ length: 4 }, () => "TurnDelta"),
        "TurnCompleted"
      ])
      const deltas = events.filter((event) => event._tag === "TurnDelta")
      assert.deepStrictEqual(deltas.map(({ offset }) => offset), [0, 4, 10, 12])
      assert.strictEqual(deltas.map(({ text }) => text).join(""), "You said: a b")
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.effect("serves reads and context changes while a reply streams", () =>
    Effect.gen(function*() {
      const session = yield* start
      const mock = yield* MockProvider
      const { asked, open, reply } = yield* gatedReply("late")
      yield* mock.script([reply])
      const send = yield* Effect.fork(session.send("slow one"))
      yield* asked
      const context = yield* session.updateContext({ user: { name: "Ada" } })
      assert.strictEqual(context.version, 2)
      assert.strictEqual((yield* session.messages()).items.length, 1)
      assert.deepStrictEqual((yield* session.turns).map(({ status }) => status), ["calling"])
      yield* open
      assert.strictEqual((yield* Fiber.join(send)).text, "late")
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.effect("continues when the sender is interrupted", () =>
    Effect.gen(function*() {
      const session = yield* start
      const mock = yield* MockProvider
      const { asked, open, reply } = yield* gatedReply("kept")
      yield* mock.script([reply])
      const send = yield* Effect.fork(session.send("hello"))
      yield* asked
      yield* Fiber.interrupt(send)
      yield* open
      yield* session.send("next")
      const { items } = yield* session.messages()
      assert.deepStrictEqual(items.map(({ text }) => text), ["hello", "kept", "next", "You said: next"])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.effect("continues when the stream is left early", () =>
    Effect.gen(function*() {
      const session = yield* start
      yield* session.stream("a b c d").pipe(Stream.take(3), Stream.runDrain)
      yield* session.send("next")
      const { items } = yield* session.messages()
      assert.deepStrictEqual(items.map(({ finishReason, text }) => [finishReason, text]), [
        [undefined, "a b c d"],
        ["complete", "You said: a b c d"],
        [undefined, "next"],
        ["complete", "You said: next"]
      ])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.effect("keeps the partial reply when the provider fails, marked as cut, and never sends it to a provider", () =>
    Effect.gen(function*() {
      const session = yield* start
      const mock = yield* MockProvider
      const down = new ProviderTransient({ provider: "mock", reason: "overloaded" })
      yield* mock.script([{ text: ["half a ", "rep"], end: down }])
      assert.deepStrictEqual(yield* Effect.flip(session.send("first")), down)
      yield* session.send("second")
      const { items } = yield* session.messages()
      assert.deepStrictEqual(items.map(({ finishReason, text }) => [finishReason, text]), [
        [undefined, "first"],
        ["cut", "half a rep"],
        [undefined, "second"],
        ["complete", "You said: second"]
      ])
      const requests = yield* mock.requests
      assert.deepStrictEqual(requests[1]?.messages.map(({ text }) => text), ["first", "second"])
      const [last, failed] = yield* session.turns
      assert.deepStrictEqual([failed?.status, failed?.error?.code, failed?.replySeq], [
        "failed",
        "provider_transient",
        2
      ])
      assert.deepStrictEqual([last?.status, last?.promptSeq, last?.replySeq], ["completed", 3, 4])
      const metrics = yield* session.metrics
      assert.deepStrictEqual([metrics.providerCalls, metrics.providerErrors], [2, 1])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.effect("treats a stream without a finish event as broken", () =>
    Effect.gen(function*() {
      const session = yield* start
      yield* Effect.flatMap(MockProvider, (mock) => mock.script([{ text: "almost", end: "cut" }]))
      assert.strictEqual((yield* Effect.flip(session.send("hi")))._tag, "ProviderProtocol")
      const { items } = yield* session.messages({ role: "assistant" })
      assert.deepStrictEqual(items.map(({ finishReason, text }) => [finishReason, text]), [["cut", "almost"]])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.effect("fails on an empty reply and stores none", () =>
    Effect.gen(function*() {
      const session = yield* start
      yield* Effect.flatMap(MockProvider, (mock) => mock.script([{ text: "  \n" }]))
      assert.strictEqual((yield* Effect.flip(session.send("hi")))._tag, "EmptyReply")
      assert.strictEqual((yield* session.messages()).items.length, 1)
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.effect("survives a provider's defect without revealing its cause", () =>
    Effect.gen(function*() {
      const session = yield* start
      yield* Effect.flatMap(MockProvider, (mock) => mock.script([() => Stream.die(new Error("sk-secret"))]))
      const error = yield* Effect.flip(session.send("hi"))
      assert.strictEqual(error._tag, "ProviderProtocol")
      assert.notInclude(error.message, "sk-secret")
      assert.strictEqual((yield* session.send("again")).text, "You said: again")
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.effect("treats a malformed tool call as a broken reply", () =>
    Effect.gen(function*() {
      const session = yield* start
      const call = { _tag: "ToolCall", id: "1", name: "x".repeat(200), arguments: {} } as const
      yield* Effect.flatMap(MockProvider, (mock) => mock.script([{ text: ["Let me look."], toolCalls: [call] }]))
      assert.strictEqual((yield* Effect.flip(session.send("hi")))._tag, "ProviderProtocol")
      const { items } = yield* session.messages({ role: "assistant" })
      assert.deepStrictEqual(items.map(({ finishReason, text }) => [finishReason, text]), [["cut", "Let me look."]])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.effect("cuts an endless reply at the limit of a text", () =>
    Effect.gen(function*() {
      const session = yield* start
      const endless = Stream.forever(Stream.succeed(ProviderEvent.TextDelta({ text: "x".repeat(16_384) })))
      yield* Effect.flatMap(MockProvider, (mock) => mock.script([() => endless]))
      assert.strictEqual((yield* Effect.flip(session.send("hi")))._tag, "ProviderProtocol")
      const { items } = yield* session.messages({ role: "assistant" })
      assert.deepStrictEqual(items.map(({ text }) => text.length), [256 * 1024])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.effect("disconnects a reader that falls too far behind, and completes the turn", () =>
    Effect.gen(function*() {
      const session = yield* start
      const chunks = Array.from({ length: 5000 }, () => "x")
      yield* Effect.flatMap(MockProvider, (mock) => mock.script([{ text: chunks }]))
      const begun = yield* Deferred.make<void>()
      const reading = yield* Deferred.make<void>()
      const error = yield* session.stream("hi").pipe(
        Stream.tap(() => Effect.zipRight(Deferred.succeed(begun, undefined), Deferred.await(reading))),
        Stream.runDrain,
        Effect.flip,
        Effect.fork
      )
      yield* Deferred.await(begun)
      // Completes only once the first turn is stored.
      yield* session.send("next")
      yield* Deferred.succeed(reading, undefined)
      assert.strictEqual((yield* Fiber.join(error))._tag, "SlowConsumer")
      const { items } = yield* session.messages()
      assert.strictEqual(items[1]?.text, "x".repeat(5000))
    }).pipe(Effect.provide(SessionRuntime.layerTest())))
})

describe("the end of a reply", () => {
  it.effect("is the Finished event, whatever follows it or never comes", () =>
    Effect.gen(function*() {
      const session = yield* start
      const closed = yield* Deferred.make<void>()
      yield* Effect.flatMap(MockProvider, (mock) =>
        mock.script([() =>
          Stream.make(
            ProviderEvent.TextDelta({ text: "all" }),
            ProviderEvent.Finished({ reason: "complete" }),
            ProviderEvent.TextDelta({ text: " and more" })
          ).pipe(Stream.concat(Stream.never), Stream.ensuring(Deferred.succeed(closed, undefined)))]))
      const events = Array.from(yield* Stream.runCollect(session.stream("hello")))
      yield* Deferred.await(closed)
      const said = events.map((event) => (event._tag === "TurnDelta" ? event.text : "")).join("")
      assert.strictEqual(said, "all")
      assert.deepStrictEqual((yield* session.messages()).items.map(({ text }) => text), ["hello", "all"])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.effect("is not a pause, and an empty pause stores nothing", () =>
    Effect.gen(function*() {
      const session = yield* start
      const mock = yield* MockProvider
      yield* mock.script([{ end: ProviderEvent.Finished({ reason: "paused" }) }, { text: "at last" }])
      assert.strictEqual((yield* session.send("hello")).text, "at last")
      assert.deepStrictEqual((yield* session.messages()).items.map(({ seq, text }) => [seq, text]), [
        [1, "hello"],
        [2, "at last"]
      ])
      assert.strictEqual((yield* session.turns)[0]?.attempt, 2)
      assert.strictEqual((yield* mock.requests).length, 2)
    }).pipe(Effect.provide(SessionRuntime.layerTest())))
})
