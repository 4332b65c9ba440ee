import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream, TestClock } from "effect"
import {
  EmptyReply,
  ProviderAuth,
  type ProviderError,
  ProviderProtocol,
  ProviderQuota,
  ProviderRejected,
  ProviderTransient
} from "../../src/domain/error/ProviderError.js"
import { ConfigurationError } from "../../src/domain/error/RequestError.js"
import type { SessionConfig } from "../../src/domain/SessionConfig.js"
import type { MockReply } from "../../src/layers/provider/mock/reply.js"
import { MockProvider, type MockProviderOptions } from "../../src/layers/provider/MockProvider.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { ProviderEvent } from "../../src/services/Provider.js"
import { SessionManager } from "../../src/services/SessionManager.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { gatedReply } from "../host/gatedReply.js"
import { script, shown } from "../host/scripted.js"

const overloaded = new ProviderTransient({ provider: "mock", reason: "overloaded" })
const broken = new ProviderProtocol({ provider: "mock", reason: "it fell silent" })
const busy = (retryAfterMs: number): MockReply => ({
  end: new ProviderTransient({ provider: "mock", reason: "busy", retryAfterMs })
})
const second = { provider: "second", model: "second-model" }

/** A session with a second provider that replies differently. */
const startWith = Effect.fnUntraced(function*(
  config: typeof SessionConfig.Encoded = { fallbacks: [second] },
  options: MockProviderOptions = {}
) {
  const other = yield* MockProvider.make({ name: "second", pattern: "Second: {input}", ...options })
  const sessions = yield* SessionManager
  const session = yield* sessions.create({ userId: "ada", provider: "mock", model: "mock-model", config })
  const notices = Effect.map(
    Effect.flatMap(SessionStore, (store) => store.events(session.id, 0, 100)),
    (events) => events.flatMap((event) => (event._tag === "TurnNoticed" ? [event.notice] : []))
  )
  const asked = Effect.map(
    other.requests,
    (requests) => requests.map(({ messages }) => messages.map(({ text }) => text))
  )
  return { session, other, asked, notices }
})

const runtime = SessionRuntime.layerTest()

describe("a session with a fallback", () => {
  for (
    const error of [
      overloaded,
      new ProviderAuth({ provider: "mock", reason: "HTTP 401" }),
      new ProviderQuota({ provider: "mock", reason: "HTTP 402" }),
      new ProviderRejected({ provider: "mock", reason: "HTTP 404" }),
      new EmptyReply({ provider: "mock" })
    ] satisfies ReadonlyArray<ProviderError>
  ) {
    it.scoped(`is answered by the fallback after ${error._tag}, with a notice`, () =>
      Effect.gen(function*() {
        const { asked, notices, session } = yield* startWith()
        yield* session.send("one")
        yield* script({ end: error })
        const reply = yield* session.send("two")
        assert.strictEqual(reply.text, "Second: two")
        assert.deepStrictEqual(yield* asked, [["one", "You said: one", "two"]])
        const [turn] = yield* session.turns
        assert.deepStrictEqual(
          turn?.attempts?.map(({ error, model, provider }) => [provider, model, error?._tag]),
          [["mock", "mock-model", error._tag], ["second", "second-model", undefined]]
        )
        assert.strictEqual(turn?.attempt, 2)
        const [notice] = yield* notices
        assert(notice?._tag === "AttemptFailed")
        assert.strictEqual(notice.attempt.error?._tag, error._tag)
        // The session's own provider comes first again.
        assert.strictEqual((yield* session.send("three")).text, "You said: three")
        assert.strictEqual((yield* session.metrics).providerErrors, 1)
      }).pipe(Effect.provide(runtime)))
  }

  it.scoped("is not answered by the fallback when the first call may have started, unless onUnknown is retry", () =>
    Effect.gen(function*() {
      const { asked, session } = yield* startWith()
      yield* script({ end: broken }, { end: broken })
      assert.strictEqual((yield* Effect.flip(session.send("once")))._tag, "ProviderProtocol")
      assert.deepStrictEqual(yield* asked, [])
      assert.strictEqual((yield* session.send({ content: "twice", onUnknown: "retry" })).text, "Second: twice")
    }).pipe(Effect.provide(runtime)))

  it.scoped("is not answered by the fallback once part of a reply was shown", () =>
    Effect.gen(function*() {
      const { asked, session } = yield* startWith()
      yield* script({ text: "Well", end: overloaded })
      assert.deepStrictEqual(yield* Effect.flip(session.send("hello")), overloaded)
      assert.deepStrictEqual(yield* asked, [])
    }).pipe(Effect.provide(runtime)))

  it.scoped("names the fallback while it is called", () =>
    Effect.gen(function*() {
      const { other, session } = yield* startWith()
      const gated = yield* gatedReply("at last")
      yield* script({ end: overloaded })
      yield* other.script([gated.reply])
      const fiber = yield* Effect.fork(session.send("hello"))
      yield* gated.asked
      const [calling] = yield* session.turns
      assert.deepStrictEqual([calling?.attempt, calling?.fallback], [2, second])
      yield* gated.open
      yield* Fiber.join(fiber)
      assert.notProperty((yield* session.turns)[0] ?? {}, "fallback")
    }).pipe(Effect.provide(runtime)))

  it.scoped("fails with the last fallback's error, and records each attempt", () =>
    Effect.gen(function*() {
      const { other, session } = yield* startWith()
      yield* script({ end: overloaded })
      yield* other.script([{ end: new ProviderQuota({ provider: "second", reason: "HTTP 402" }) }])
      assert.strictEqual((yield* Effect.flip(session.send("hello")))._tag, "ProviderQuota")
      const [turn] = yield* session.turns
      assert.deepStrictEqual(
        turn?.attempts?.map(({ error }) => error?._tag),
        ["ProviderTransient", "ProviderQuota"]
      )
      assert.strictEqual(turn?.error?._tag, "ProviderQuota")
    }).pipe(Effect.provide(runtime)))

  it.scoped("calls the fallbacks in order, each with its own settings over the session's", () =>
    Effect.gen(function*() {
      const { session } = yield* startWith({
        providerConfig: { pattern: "own: {input}", errorRate: 1 },
        fallbacks: [
          { ...second, model: "third-model" },
          { ...second, providerConfig: { pattern: "other: {input}", errorRate: 0 } }
        ]
      })
      assert.strictEqual((yield* session.send("hello")).text, "other: hello")
      const [turn] = yield* session.turns
      assert.deepStrictEqual(turn?.attempts?.map(({ model }) => model), ["mock-model", "third-model", "second-model"])
    }).pipe(Effect.provide(runtime)))

  it.scoped("does not wait long for a provider while there is another", () =>
    Effect.gen(function*() {
      const { asked, other, session } = yield* startWith()
      yield* script(busy(8_001))
      assert.strictEqual((yield* session.send("hello")).text, "Second: hello")
      assert.lengthOf(yield* asked, 1)
      yield* script(busy(8_000))
      const patient = yield* Effect.fork(session.send("again"))
      yield* TestClock.adjust("8 seconds")
      assert.strictEqual((yield* Fiber.join(patient)).text, "You said: again")
      // There is no limit for waiting on the last one.
      yield* script(busy(60_000))
      yield* other.script([busy(60_000)])
      const waiting = yield* Effect.fork(session.send("and again"))
      yield* TestClock.adjust("60 seconds")
      assert.strictEqual((yield* Fiber.join(waiting)).text, "Second: and again")
    }).pipe(Effect.provide(SessionRuntime.layerTest({ providerRetries: 1 }))))

  it.scoped("continues with the provider that paused", () =>
    Effect.gen(function*() {
      const { other, session } = yield* startWith()
      yield* script({ end: overloaded })
      yield* other.script([{ text: "One, ", end: ProviderEvent.Finished({ reason: "paused" }) }, { text: "two" }])
      assert.strictEqual((yield* session.send("count")).text, "two")
      const [turn] = yield* session.turns
      assert.deepStrictEqual(turn?.attempts?.map(({ provider }) => provider), ["mock", "second", "second"])
      assert.strictEqual(turn?.attempt, 3)
      assert.deepStrictEqual(yield* shown, [["count"]])
    }).pipe(Effect.provide(runtime)))

  it.scoped("is answered by the fallback when its own provider is no longer registered", () =>
    Effect.gen(function*() {
      const { session } = yield* startWith()
      const gone = yield* Effect.scoped(Effect.gen(function*() {
        yield* MockProvider.make({ name: "short-lived" })
        const sessions = yield* SessionManager
        return yield* sessions.create({
          userId: "ada",
          provider: "short-lived",
          model: "m",
          config: { fallbacks: [second] }
        })
      }))
      assert.strictEqual((yield* gone.send("hello")).text, "Second: hello")
      const [turn] = yield* gone.turns
      assert.strictEqual(turn?.attempts?.[0]?.error?._tag, "ConfigurationError")
      assert.strictEqual((yield* gone.metrics).providerCalls, 1)
      assert.strictEqual((yield* session.send("hello")).text, "You said: hello")
    }).pipe(Effect.provide(runtime)))

  it.scoped("is refused when a fallback is not registered or rejects its settings", () =>
    Effect.gen(function*() {
      const unknown = yield* Effect.flip(startWith({ fallbacks: [{ provider: "unknown", model: "m" }] }))
      assert.instanceOf(unknown, ConfigurationError)
      assert.include(unknown.message, "there is no provider \"unknown\"")
    }).pipe(Effect.provide(runtime)))
})

describe("a provider that fails repeatedly", () => {
  it.scoped("row 36: has its circuit opened, and the fallback answers at once", () =>
    Effect.gen(function*() {
      const { asked, notices, session } = yield* startWith()
      yield* script(...Array.from({ length: 5 }, () => ({ end: overloaded })))
      for (let count = 1; count <= 5; count++) yield* session.send("hello")
      assert.lengthOf(yield* shown, 5)
      assert.strictEqual((yield* session.send("now")).text, "Second: now")
      assert.lengthOf(yield* shown, 5)
      assert.lengthOf(yield* asked, 6)
      assert.deepStrictEqual((yield* notices).at(-1), {
        _tag: "CircuitOpen",
        provider: "mock",
        model: "mock-model",
        retryAfterMs: 30_000
      })
      const [turn] = yield* session.turns
      assert.deepStrictEqual(turn?.attempts?.map(({ provider }) => provider), ["second"])
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual((yield* session.send("later")).text, "You said: later")
    }).pipe(Effect.provide(runtime)))

  it.scoped("fails the turn of a session without a fallback at once, with a retry delay", () =>
    Effect.gen(function*() {
      const { session } = yield* startWith({})
      yield* script(...Array.from({ length: 5 }, () => ({ end: broken })))
      for (let count = 1; count <= 5; count++) yield* Effect.flip(session.send("hello"))
      const error = yield* Effect.flip(session.send("hello"))
      assert(error._tag === "ProviderTransient")
      assert.strictEqual(error.retryAfterMs, 30_000)
      assert.lengthOf(yield* shown, 5)
      const [turn] = yield* session.turns
      assert.notProperty(turn ?? {}, "attempts")
      assert.strictEqual((yield* session.metrics).providerCalls, 5)
    }).pipe(Effect.provide(runtime)))

  it.scoped("does not open its circuit for rejected requests or stopped turns", () =>
    Effect.gen(function*() {
      const { session } = yield* startWith({})
      const rejected: MockReply = { end: new ProviderRejected({ provider: "mock", reason: "HTTP 400" }) }
      yield* script(...Array.from({ length: 6 }, () => rejected))
      for (let count = 1; count <= 6; count++) yield* Effect.flip(session.send("hello"))
      yield* script(...Array.from({ length: 6 }, (): MockReply => () => Stream.never))
      for (let count = 1; count <= 6; count++) {
        const fiber = yield* Effect.fork(session.send("hello"))
        yield* Effect.repeat(Effect.yieldNow(), { until: () => Effect.map(session.stop(), (out) => out === "stopped") })
        yield* Effect.flip(Fiber.join(fiber))
      }
      assert.strictEqual((yield* session.send("hello")).text, "You said: hello")
    }).pipe(Effect.provide(runtime)))
})
