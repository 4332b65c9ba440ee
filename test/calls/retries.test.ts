import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Stream, TestClock } from "effect"
import {
  ProviderAuth,
  type ProviderError,
  ProviderProtocol,
  ProviderQuota,
  ProviderRejected,
  ProviderTransient
} from "../../src/domain/error/ProviderError.js"
import type { MockReply } from "../../src/layers/provider/mock/reply.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { ProviderEvent } from "../../src/services/Provider.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { start } from "../host/anotherHost.js"
import { gatedReply } from "../host/gatedReply.js"
import { script, shown } from "../host/scripted.js"

const runtime = SessionRuntime.layerTest({ providerRetries: 2 })
const overloaded = new ProviderTransient({ provider: "mock", reason: "overloaded" })
const broken = new ProviderProtocol({ provider: "mock", reason: "it fell silent" })
const after = (retryAfterMs: number) => new ProviderTransient({ provider: "mock", reason: "busy", retryAfterMs })
const fails = (...errors: ReadonlyArray<ProviderError>) => errors.map((end): MockReply => ({ end }))
const calls = Effect.map(shown, ({ length }) => length)

/** Sends, and advances the clock if necessary. */
const sent = Effect.fnUntraced(function*(message: Parameters<Effect.Effect.Success<typeof start>["send"]>[0]) {
  const session = yield* start
  const fiber = yield* Effect.fork(session.send(message))
  yield* TestClock.adjust("10 seconds")
  return { session, answer: Fiber.join(fiber) }
})

describe("a provider call that is known not to have started", () => {
  it.scoped("is retried, and each call is an attempt of the turn with its outcome", () =>
    Effect.gen(function*() {
      yield* script(...fails(overloaded, overloaded))
      const { answer, session } = yield* sent("hello")
      assert.strictEqual((yield* answer).text, "You said: hello")
      const [turn] = yield* session.turns
      assert.strictEqual(turn?.attempt, 3)
      assert.deepStrictEqual(
        turn?.attempts?.map(({ error, model, provider, usage }) => [provider, model, error?._tag, usage?.outputTokens]),
        [
          ["mock", "mock-model", "ProviderTransient", undefined],
          ["mock", "mock-model", "ProviderTransient", undefined],
          ["mock", "mock-model", undefined, 4]
        ]
      )
      const { inputTokens, providerCalls, providerErrors, unpricedCalls } = yield* session.metrics
      assert.deepStrictEqual([providerCalls, providerErrors, inputTokens, unpricedCalls], [3, 2, 2, 1])
      const events = yield* Effect.flatMap(SessionStore, (store) => store.events(session.id, 0, 100))
      const notices = events.flatMap((event) => (event._tag === "TurnNoticed" ? [event.notice._tag] : []))
      assert.deepStrictEqual(notices, ["AttemptFailed", "AttemptFailed"])
      assert.lengthOf((yield* session.messages()).items, 2)
    }).pipe(Effect.provide(runtime)))

  it.scoped("rows 34, 36: is made three times in all, then the turn fails with its error", () =>
    Effect.gen(function*() {
      yield* script(...fails(overloaded, overloaded, overloaded))
      const { answer, session } = yield* sent("hello")
      assert.deepStrictEqual(yield* Effect.flip(answer), overloaded)
      assert.strictEqual(yield* calls, 3)
      assert.lengthOf((yield* session.turns)[0]?.attempts ?? [], 3)
      assert.strictEqual((yield* session.metrics).providerErrors, 3)
    }).pipe(Effect.provide(runtime)))

  it.scoped("is retried after half a second, then after a second, with 20 % jitter", () =>
    Effect.gen(function*() {
      const moments: Array<number> = []
      const failing: MockReply = () =>
        Stream.fromEffect(Effect.zipRight(
          Effect.map(Clock.currentTimeMillis, (now) => void moments.push(now)),
          overloaded
        ))
      yield* script(failing, failing, failing)
      yield* Effect.flip((yield* sent("hello")).answer)
      const [first = 0, second = 0, third = 0] = moments
      assert.strictEqual(first, 0)
      assert.isTrue(second >= 400 && second <= 600, `${second}`)
      assert.isTrue(third - second >= 800 && third - second <= 1200, `${third - second}`)
    }).pipe(Effect.provide(runtime)))

  it.scoped("row 35: is retried no sooner than the provider asks for", () =>
    Effect.gen(function*() {
      yield* script(...fails(after(90_000)))
      const session = yield* start
      const fiber = yield* Effect.fork(session.send("hello"))
      yield* TestClock.adjust(89_999)
      assert.strictEqual(yield* calls, 1)
      yield* TestClock.adjust(1)
      assert.strictEqual((yield* Fiber.join(fiber)).text, "You said: hello")
    }).pipe(Effect.provide(runtime)))

  it.scoped("row 35: is not retried beyond the deadline: the turn fails at once, with the retry delay", () =>
    Effect.gen(function*() {
      yield* script(...fails(after(60_001)), ...fails(after(601_000)))
      const session = yield* start
      const late = yield* Effect.flip(session.send({ content: "hello", timeout: "1 minute" }))
      assert(late._tag === "ProviderTransient")
      assert.strictEqual(late.retryAfterMs, 60_001)
      assert.strictEqual((yield* Effect.flip(session.send("longer than any turn may take")))._tag, "ProviderTransient")
      assert.strictEqual(yield* calls, 2)
    }).pipe(Effect.provide(runtime)))

  it.scoped("is not retried once its turn was stopped", () =>
    Effect.gen(function*() {
      yield* script(...fails(after(5_000)))
      const session = yield* start
      const fiber = yield* Effect.fork(session.send("hello"))
      yield* TestClock.adjust(1_000)
      assert.strictEqual(yield* session.stop(), "stopped")
      assert.strictEqual((yield* Effect.flip(Fiber.join(fiber)))._tag, "TurnStopped")
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* calls, 1)
      const [turn] = yield* session.turns
      assert.deepStrictEqual(turn?.attempts?.map(({ error }) => error?._tag), ["ProviderTransient"])
    }).pipe(Effect.provide(runtime)))

  it.scoped("is stored as an intent before each retry, with the outcome of the last call", () =>
    Effect.gen(function*() {
      const { asked, open, reply } = yield* gatedReply("at last")
      yield* script(...fails(overloaded), reply)
      const session = yield* start
      const fiber = yield* Effect.fork(session.send("hello"))
      yield* TestClock.adjust("1 second")
      yield* asked
      const [turn] = yield* session.turns
      assert.deepStrictEqual([turn?.status, turn?.attempt, turn?.attempts?.length], ["calling", 2, 1])
      yield* open
      assert.strictEqual((yield* Fiber.join(fiber)).text, "at last")
    }).pipe(Effect.provide(runtime)))
})

describe("a provider call that may have started", () => {
  it.scoped("is not retried", () =>
    Effect.gen(function*() {
      yield* script(...fails(broken))
      assert.strictEqual((yield* Effect.flip((yield* sent("hello")).answer))._tag, "ProviderProtocol")
      assert.strictEqual(yield* calls, 1)
    }).pipe(Effect.provide(runtime)))

  it.scoped("is retried for a turn with onUnknown: retry", () =>
    Effect.gen(function*() {
      yield* script(...fails(broken))
      const { answer } = yield* sent({ content: "hello", onUnknown: "retry" })
      assert.strictEqual((yield* answer).text, "You said: hello")
      assert.strictEqual(yield* calls, 2)
    }).pipe(Effect.provide(runtime)))

  it.scoped("is not retried once any part of a reply has arrived, shown or not, whatever the error", () =>
    Effect.gen(function*() {
      const part = { _tag: "ToolCall", id: "a", name: "look", arguments: {} } as const
      yield* script(
        { text: "Well", end: overloaded },
        () => Stream.concat(Stream.make(ProviderEvent.ToolCall({ part })), Stream.fail(overloaded))
      )
      const said = yield* sent({ content: "hello", onUnknown: "retry" })
      assert.strictEqual((yield* Effect.flip(said.answer))._tag, "ProviderTransient")
      const called = yield* sent({ content: "hello", onUnknown: "retry" })
      assert.strictEqual((yield* Effect.flip(called.answer))._tag, "ProviderTransient")
      assert.strictEqual(yield* calls, 2)
      // A cut reply keeps its text, and no partial tool call.
      assert.deepStrictEqual((yield* said.session.messages()).items.map(({ text }) => text), ["hello", "Well"])
      assert.deepStrictEqual((yield* called.session.messages()).items.map(({ text }) => text), ["hello"])
    }).pipe(Effect.provide(runtime)))
})

describe("a provider call that was refused", () => {
  for (
    const error of [
      new ProviderAuth({ provider: "mock", reason: "HTTP 401" }),
      new ProviderQuota({ provider: "mock", reason: "HTTP 402" }),
      new ProviderRejected({ provider: "mock", reason: "HTTP 400" })
    ]
  ) {
    it.scoped(`is not retried after ${error._tag}`, () =>
      Effect.gen(function*() {
        yield* script(...fails(error))
        assert.deepStrictEqual(
          yield* Effect.flip((yield* sent({ content: "hello", onUnknown: "retry" })).answer),
          error
        )
        assert.strictEqual(yield* calls, 1)
      }).pipe(Effect.provide(runtime)))
  }
})

describe("a history that is too long for its model", () => {
  const tooLong = new ProviderRejected({ provider: "mock", reason: "HTTP 400", overflow: true })

  it.scoped("is sent again at once, with half of it, and a notice in the feed", () =>
    Effect.gen(function*() {
      const session = yield* start
      for (const text of ["one", "two", "three"]) yield* session.send(text)
      yield* script(...fails(tooLong))
      yield* session.send("four")
      const [, , , first, second] = yield* shown
      assert.deepStrictEqual(first?.slice(-1), ["four"])
      assert.deepStrictEqual(second, ["three", "You said: three", "four"])
      const events = yield* Effect.flatMap(SessionStore, (store) => store.events(session.id, 0, 100))
      const notices = events.flatMap((event) => (event._tag === "TurnNoticed" ? [event.notice] : []))
      assert.deepStrictEqual(notices.map(({ _tag }) => _tag), ["AttemptFailed", "HistoryTrimmed"])
      assert.deepInclude(notices[1], { provider: "mock", model: "mock-model", messages: 4 })
      // The stored history is unchanged.
      assert.lengthOf((yield* session.messages()).items, 8)
    }).pipe(Effect.provide(runtime)))

  it.scoped("is trimmed once, and a single message not at all", () =>
    Effect.gen(function*() {
      const session = yield* start
      yield* script(...fails(tooLong))
      assert.strictEqual((yield* Effect.flip(session.send("much too long")))._tag, "ProviderRejected")
      assert.strictEqual(yield* calls, 1)
      yield* script(...fails(tooLong, tooLong))
      assert.strictEqual((yield* Effect.flip(session.send("again")))._tag, "ProviderRejected")
      assert.strictEqual(yield* calls, 3)
    }).pipe(Effect.provide(runtime)))

  it.scoped("is limited by the session's configuration in the first place", () =>
    Effect.gen(function*() {
      const session = yield* start
      for (const text of ["one", "two", "three"]) yield* session.send(text)
      const bounded = yield* session.fork({ config: { historyMessages: 3 } })
      yield* bounded.send("four")
      const short = yield* session.fork({ config: { historyTokens: 6 } })
      yield* short.send("five")
      const [fourth, fifth] = (yield* shown).slice(-2)
      assert.deepStrictEqual(fourth, ["three", "You said: three", "four"])
      assert.deepStrictEqual(fifth, ["You said: three", "five"])
    }).pipe(Effect.provide(runtime)))
})
