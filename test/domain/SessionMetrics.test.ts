import { assert, describe, it } from "@effect/vitest"
import { DateTime, Duration } from "effect"
import { Message } from "../../src/domain/Message.js"
import { MessageId } from "../../src/domain/MessageId.js"
import { SessionId } from "../../src/domain/SessionId.js"
import {
  averageResponseTimeMs,
  empty,
  sessionDuration,
  totalTokens,
  withMessage,
  withProviderCall
} from "../../src/domain/SessionMetrics.js"

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

describe("SessionMetrics", () => {
  it("starts at nothing", () => {
    const metrics = empty(sessionId)
    assert.strictEqual(totalTokens(metrics), 0)
    assert.strictEqual(averageResponseTimeMs(metrics), 0)
    assert.deepStrictEqual(sessionDuration(metrics), Duration.zero)
    assert.notProperty(metrics, "firstMessageAt")
    assert.notProperty(metrics, "estimatedCostMicroUsd")
  })

  it("adds each message under its role, with what it used", () => {
    const metrics = [
      message(1, "system", 1000),
      message(2, "user", 2000),
      message(3, "assistant", 2500, { usage: { inputTokens: 10, outputTokens: 4 }, processingTimeMs: 500 }),
      message(4, "user", 4000),
      message(5, "tool", 4100),
      message(6, "assistant", 4200, { usage: { inputTokens: 20, outputTokens: 6 }, processingTimeMs: 100.5 })
    ].reduce(withMessage, empty(sessionId))

    assert.deepStrictEqual(metrics, {
      sessionId,
      totalMessages: 6,
      userMessages: 2,
      assistantMessages: 2,
      systemMessages: 1,
      inputTokens: 30,
      outputTokens: 10,
      totalResponseTimeMs: 600.5,
      firstMessageAt: DateTime.unsafeMake(1000),
      lastMessageAt: DateTime.unsafeMake(4200),
      providerCalls: 0,
      providerErrors: 0
    })
    assert.strictEqual(totalTokens(metrics), 40)
    assert.strictEqual(averageResponseTimeMs(metrics), 300.25)
    assert.deepStrictEqual(sessionDuration(metrics), Duration.millis(3200))
  })

  it("has no duration below 0 when the clock goes back", () => {
    const metrics = [message(1, "user", 5000), message(2, "user", 1000)].reduce(withMessage, empty(sessionId))
    assert.isAtLeast(Duration.toMillis(sessionDuration(metrics)), 0)
  })

  it("counts calls, and the failed among them", () => {
    const metrics = [false, true, false].reduce(withProviderCall, empty(sessionId))
    assert.deepInclude(metrics, { providerCalls: 3, providerErrors: 1, totalMessages: 0 })
  })
})
