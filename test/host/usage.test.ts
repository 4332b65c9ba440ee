import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Fiber, TestClock } from "effect"
import type { AnalyticsQuery } from "../../src/domain/Analytics.js"
import { ProviderTransient } from "../../src/domain/error/ProviderError.js"
import { MockProvider } from "../../src/layers/provider/MockProvider.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import type { Session } from "../../src/services/Session.js"
import { SessionManager } from "../../src/services/SessionManager.js"
import { anotherHost, start } from "./anotherHost.js"
import { listening } from "./listening.js"
import { script } from "./scripted.js"
import { spokenReply } from "./spokenReply.js"

const used = (query: typeof AnalyticsQuery.Encoded = {}) =>
  Effect.flatMap(SessionManager, (sessions) => sessions.analytics(query))

const total = Effect.map(used(), (answer) => answer.total)

const beforeMidnight = DateTime.toEpochMillis(DateTime.unsafeMake("2026-03-01T23:59:59Z"))

/** A turn with a partial reply. */
const halfAnswered = Effect.fnUntraced(function*(session: Session, content = "hello") {
  const { reply, say } = yield* spokenReply
  yield* script(reply)
  const stream = yield* listening(session.stream(content))
  yield* say("one ")
  yield* stream.until(({ _tag }) => _tag === "TurnDelta")
  return stream
})

/** The session's own metrics equal the rollups if it is the only session. */
const agreesWithMetrics = Effect.fnUntraced(function*(session: Session) {
  const metrics = yield* session.metrics
  const usage = yield* total
  for (
    const field of [
      "totalMessages",
      "userMessages",
      "assistantMessages",
      "systemMessages",
      "providerCalls",
      "providerErrors",
      "inputTokens",
      "outputTokens",
      "costNanoUsd",
      "unpricedCalls"
    ] as const
  ) assert.strictEqual(usage[field], metrics[field], field)
  return usage
})

describe("the usage of a turn", () => {
  it.scoped("is counted on the day it ends", () =>
    Effect.gen(function*() {
      const session = yield* start
      yield* session.send("before")
      const stream = yield* halfAnswered(session)
      yield* TestClock.adjust("2 seconds")
      yield* session.stop()
      yield* Effect.flip(stream.end)
      const { groups = [] } = yield* used({ groupBy: "day" })
      assert.deepStrictEqual(
        groups.map((
          { key, usage }
        ) => [key, usage.sessions, usage.completedTurns, usage.stoppedTurns, usage.userMessages]),
        [["2026-03-01", 1, 1, 0, 1], ["2026-03-02", 0, 0, 1, 1]]
      )
      yield* agreesWithMetrics(session)
    }).pipe(
      Effect.provide(SessionRuntime.layerTest()),
      // Before any timer starts.
      (test) => Effect.zipRight(TestClock.setTime(beforeMidnight), test)
    ))

  it.scoped("is counted by its end: completed, failed, stopped, or never started", () =>
    Effect.gen(function*() {
      const session = yield* start
      yield* session.send("one")
      yield* script({ end: "cut" })
      yield* Effect.flip(session.send("two"))
      const stream = yield* halfAnswered(session)
      const { turnId } = yield* session.submit("never begins")
      yield* session.stop({ turnId })
      yield* session.stop()
      yield* Effect.flip(stream.end)
      const usage = yield* agreesWithMetrics(session)
      assert.deepStrictEqual(
        [usage.turns, usage.completedTurns, usage.failedTurns, usage.stoppedTurns, usage.interruptedTurns],
        [4, 1, 1, 2, 0]
      )
      assert.deepStrictEqual(usage.errors, { ProviderProtocol: 1 })
      assert.deepStrictEqual([usage.userMessages, usage.latency?.count], [3, 1])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("is counted for the fallback that answered, and the failed call for the provider that failed", () =>
    Effect.gen(function*() {
      yield* MockProvider.make({ name: "second" })
      const sessions = yield* SessionManager
      const session = yield* sessions.create({
        userId: "ada",
        provider: "mock",
        model: "mock-model",
        config: { fallbacks: [{ provider: "second", model: "second-model" }] }
      })
      const overloaded = new ProviderTransient({ provider: "mock", reason: "overloaded" })
      yield* script(...Array.from({ length: 3 }, () => ({ end: overloaded })))
      const sending = yield* Effect.fork(session.send("one"))
      yield* TestClock.adjust("30 seconds")
      yield* Fiber.join(sending)
      const { groups = [] } = yield* used({ groupBy: "provider" })
      const calls = (yield* session.turns)[0]?.attempts?.length ?? 0
      assert.deepStrictEqual(
        groups.map(({ key, usage }) => [
          key,
          usage.turns,
          usage.userMessages,
          usage.assistantMessages,
          usage.providerCalls,
          usage.providerErrors
        ]),
        [["second", 1, 1, 1, 1, 0], ["mock", 0, 0, 0, calls - 1, calls - 1]]
      )
      yield* agreesWithMetrics(session)
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("is counted once when a later owner ends it, with its partial reply", () =>
    Effect.gen(function*() {
      const session = yield* start
      yield* halfAnswered(session)
      yield* TestClock.adjust("2 seconds")
      yield* session.pending
      yield* anotherHost()
      const usage = yield* agreesWithMetrics(session)
      assert.deepStrictEqual([usage.turns, usage.interruptedTurns, usage.totalMessages], [1, 1, 2])
      yield* anotherHost()
      assert.deepStrictEqual(yield* total, usage)
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("is counted when it joins another, pauses, or is rolled back", () =>
    Effect.gen(function*() {
      const session = yield* start
      const { asked, finish, reply, say } = yield* spokenReply
      yield* script(reply, { text: "and more" })
      const running = yield* listening(session.stream("zero"))
      yield* asked
      const steered = yield* listening(session.stream({ content: "be brief", whenBusy: "steer" }))
      yield* steered.until(({ _tag }) => _tag === "TurnAccepted")
      yield* say("some")
      yield* finish("paused")
      yield* Effect.all([running.end, steered.end])
      const joined = yield* agreesWithMetrics(session)
      assert.deepStrictEqual([joined.completedTurns, joined.providerCalls, joined.assistantMessages], [2, 2, 2])

      yield* session.send("one")
      yield* halfAnswered(session)
      yield* session.send({ content: "instead", whenBusy: "rollback" })
      const usage = yield* agreesWithMetrics(session)
      assert.deepStrictEqual([usage.turns, usage.completedTurns, usage.stoppedTurns], [5, 4, 1])
      assert.deepStrictEqual([usage.userMessages, usage.assistantMessages], [5, 4])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))
})
