import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import type { Message } from "./Message.js"
import { SessionId } from "./SessionId.js"

const count = Schema.NonNegativeInt
const moment = Schema.optionalWith(Schema.DateTimeUtc, { exact: true })

/**
 * What a session has used so far. Kept up with each message and never counted again; clearing the history leaves it.
 */
export const SessionMetrics = Schema.Struct({
  sessionId: SessionId,
  totalMessages: count,
  userMessages: count,
  assistantMessages: count,
  systemMessages: count,
  inputTokens: count,
  outputTokens: count,
  /** Milliseconds that all replies took together. */
  totalResponseTimeMs: Schema.NonNegative,
  firstMessageAt: moment,
  lastMessageAt: moment,
  providerCalls: count,
  providerErrors: count,
  /** In millionths of a US dollar. Absent while any part of it is unknown. */
  estimatedCostMicroUsd: Schema.optionalWith(count, { exact: true })
})
export interface SessionMetrics extends Schema.Schema.Type<typeof SessionMetrics> {}

export const empty = (sessionId: SessionId): SessionMetrics => ({
  sessionId,
  totalMessages: 0,
  userMessages: 0,
  assistantMessages: 0,
  systemMessages: 0,
  inputTokens: 0,
  outputTokens: 0,
  totalResponseTimeMs: 0,
  providerCalls: 0,
  providerErrors: 0
})

export const withMessage = (metrics: SessionMetrics, message: Message): SessionMetrics => ({
  ...metrics,
  totalMessages: metrics.totalMessages + 1,
  userMessages: metrics.userMessages + Number(message.role === "user"),
  assistantMessages: metrics.assistantMessages + Number(message.role === "assistant"),
  systemMessages: metrics.systemMessages + Number(message.role === "system"),
  inputTokens: metrics.inputTokens + (message.usage?.inputTokens ?? 0),
  outputTokens: metrics.outputTokens + (message.usage?.outputTokens ?? 0),
  totalResponseTimeMs: metrics.totalResponseTimeMs + (message.processingTimeMs ?? 0),
  firstMessageAt: metrics.firstMessageAt ?? message.createdAt,
  lastMessageAt: message.createdAt
})

export const withProviderCall = (metrics: SessionMetrics, failed: boolean): SessionMetrics => ({
  ...metrics,
  providerCalls: metrics.providerCalls + 1,
  providerErrors: metrics.providerErrors + Number(failed)
})

export const totalTokens = (metrics: SessionMetrics): number => metrics.inputTokens + metrics.outputTokens

/**
 * Mean time of a reply in milliseconds; 0 before the first.
 */
export const averageResponseTimeMs = (metrics: SessionMetrics): number =>
  metrics.assistantMessages === 0 ? 0 : metrics.totalResponseTimeMs / metrics.assistantMessages

/**
 * From the first message to the last.
 */
export const sessionDuration = ({ firstMessageAt, lastMessageAt }: SessionMetrics): Duration.Duration =>
  firstMessageAt && lastMessageAt ? DateTime.distanceDuration(firstMessageAt, lastMessageAt) : Duration.zero
