import { assert, describe, it } from "@effect/vitest"
import { DateTime, Duration } from "effect"
import {
  EmptyReply,
  ProviderAuth,
  ProviderProtocol,
  ProviderQuota,
  ProviderRejected,
  ProviderTransient
} from "../../src/domain/error/ProviderError.js"
import { ConfigurationError } from "../../src/domain/error/RequestError.js"
import { DeadlineExceeded, TurnInterrupted, TurnStopped } from "../../src/domain/error/TurnError.js"
import { MessageId, SessionId, TurnId } from "../../src/domain/Ids.js"
import { Message } from "../../src/domain/Message.js"
import {
  averageResponseTimeMs,
  countAttempt,
  countMessage,
  emptySessionMetrics,
  sessionDuration,
  totalTokens
} from "../../src/domain/SessionMetrics.js"
import type { Attempt } from "../../src/domain/Turn.js"

const sessionId = SessionId.make("session")

const message = (
  seq: number,
  role: Message["role"],
  at: number,
  more: Partial<Pick<Message, "usage" | "processingTimeMs">> = {}
) =>
  new Message({
    id: MessageId.make(`message-${seq}`),
    sessionId,
    seq,
    role,
    parts: [{ _tag: "Text", text: "text" }],
    createdAt: DateTime.unsafeMake(at),
    metadata: {},
    ...more
  })

const attempt = (over: Partial<Attempt>): Attempt => ({
  provider: "mock",
  model: "mock-model",
  startedAt: DateTime.unsafeMake(1000),
  ...over
})

const stopped = new TurnStopped({ turnId: TurnId.make("turn") })

describe("SessionMetrics", () => {
  it("starts at zero", () => {
    const metrics = emptySessionMetrics(sessionId)
    assert.strictEqual(totalTokens(metrics), 0)
    assert.strictEqual(averageResponseTimeMs(metrics), 0)
    assert.deepStrictEqual(sessionDuration(metrics), Duration.zero)
    assert.notProperty(metrics, "firstMessageAt")
  })

  it("counts each message by role, with its duration", () => {
    const metrics = [
      message(1, "system", 1000),
      message(2, "user", 2000),
      message(3, "assistant", 2500, { usage: { inputTokens: 10, outputTokens: 4 }, processingTimeMs: 500 }),
      message(4, "user", 4000),
      message(5, "tool", 4100),
      message(6, "assistant", 4200, { usage: { inputTokens: 20, outputTokens: 6 }, processingTimeMs: 100.5 })
    ].reduce(countMessage, emptySessionMetrics(sessionId))

    assert.deepStrictEqual(metrics, {
      sessionId,
      totalMessages: 6,
      userMessages: 2,
      assistantMessages: 2,
      systemMessages: 1,
      inputTokens: 0,
      outputTokens: 0,
      totalResponseTimeMs: 600.5,
      firstMessageAt: DateTime.unsafeMake(1000),
      lastMessageAt: DateTime.unsafeMake(4200),
      providerCalls: 0,
      providerErrors: 0,
      costNanoUsd: 0,
      unpricedCalls: 0
    })
    assert.strictEqual(averageResponseTimeMs(metrics), 300.25)
    assert.deepStrictEqual(sessionDuration(metrics), Duration.millis(3200))
  })

  it("has no negative duration when the clock goes back", () => {
    const metrics = [message(1, "user", 5000), message(2, "user", 1000)].reduce(
      countMessage,
      emptySessionMetrics(sessionId)
    )
    assert.isAtLeast(Duration.toMillis(sessionDuration(metrics)), 0)
  })

  it("adds the usage and cost of each call, successful or not", () => {
    const usage = { inputTokens: 10, outputTokens: 4, cacheReadTokens: 8 }
    const cost = { nanoUsd: 1_500, pricedAs: "mock" }
    const metrics = [attempt({ usage, cost }), attempt({ usage, cost, error: stopped }), attempt({ usage })]
      .reduce(countAttempt, emptySessionMetrics(sessionId))
    assert.deepInclude(metrics, {
      providerCalls: 3,
      providerErrors: 0,
      inputTokens: 30,
      outputTokens: 12,
      costNanoUsd: 3_000,
      unpricedCalls: 1,
      totalMessages: 0
    })
    assert.strictEqual(totalTokens(metrics), 42)
  })

  it.each<[NonNullable<Attempt["error"]>, calls: number, errors: number, unpriced: number]>([
    [new ProviderTransient({ provider: "mock", reason: "r" }), 1, 1, 0],
    [new ProviderRejected({ provider: "mock", reason: "r" }), 1, 1, 0],
    [new ProviderAuth({ provider: "mock", reason: "r" }), 1, 1, 0],
    [new ProviderQuota({ provider: "mock", reason: "r" }), 1, 1, 0],
    [new ProviderProtocol({ provider: "mock", reason: "r" }), 1, 1, 1],
    [new EmptyReply({ provider: "mock" }), 1, 1, 1],
    [new TurnInterrupted({ turnId: stopped.turnId }), 1, 1, 1],
    [stopped, 1, 0, 1],
    [new DeadlineExceeded({ turnId: stopped.turnId }), 1, 0, 1],
    [new ConfigurationError({ problems: ["p"] }), 0, 0, 0]
  ])("classifies a call that ended with %o as counted, failed or unpriced", (error, ...counts) => {
    const { providerCalls, providerErrors, unpricedCalls } = countAttempt(
      emptySessionMetrics(sessionId),
      attempt({ error })
    )
    assert.deepStrictEqual([providerCalls, providerErrors, unpricedCalls], counts)
  })
})
