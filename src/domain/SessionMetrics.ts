import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import type { TurnError } from "./error/TurnError.js"
import { SessionId } from "./Ids.js"
import type { Message } from "./Message.js"
import type { Attempt } from "./Turn.js"

const count = Schema.NonNegativeInt
const time = Schema.optionalWith(Schema.DateTimeUtc, { exact: true })

/**
 * Usage of a session so far. Updated with each message and call; clearing the history does not reset it.
 */
export const SessionMetrics = Schema.Struct({
  sessionId: SessionId,
  totalMessages: count,
  userMessages: count,
  assistantMessages: count,
  systemMessages: count,
  inputTokens: count,
  outputTokens: count,
  /** Total duration of all replies, in milliseconds. */
  totalResponseTimeMs: Schema.NonNegative,
  firstMessageAt: time,
  lastMessageAt: time,
  providerCalls: count,
  providerErrors: count,
  /** Billionths of a US dollar, summed over the calls whose price is known. */
  costNanoUsd: count,
  /** Calls that may have cost something but whose price is unknown. */
  unpricedCalls: count
})
export interface SessionMetrics extends Schema.Schema.Type<typeof SessionMetrics> {}

/**
 * The metrics of a new session.
 */
export const emptySessionMetrics = (sessionId: SessionId): SessionMetrics => ({
  sessionId,
  totalMessages: 0,
  userMessages: 0,
  assistantMessages: 0,
  systemMessages: 0,
  inputTokens: 0,
  outputTokens: 0,
  totalResponseTimeMs: 0,
  providerCalls: 0,
  providerErrors: 0,
  costNanoUsd: 0,
  unpricedCalls: 0
})

/**
 * Adds a message.
 */
export const countMessage = (metrics: SessionMetrics, message: Message): SessionMetrics => ({
  ...metrics,
  totalMessages: metrics.totalMessages + 1,
  userMessages: metrics.userMessages + Number(message.role === "user"),
  assistantMessages: metrics.assistantMessages + Number(message.role === "assistant"),
  systemMessages: metrics.systemMessages + Number(message.role === "system"),
  totalResponseTimeMs: metrics.totalResponseTimeMs + (message.processingTimeMs ?? 0),
  firstMessageAt: metrics.firstMessageAt ?? message.createdAt,
  lastMessageAt: message.createdAt
})

/**
 * Adds a provider call, successful or not.
 */
export const countAttempt = (metrics: SessionMetrics, attempt: Attempt): SessionMetrics => {
  const { cost, error, usage } = attempt
  // With a wrong configuration, no provider was called.
  if (error?._tag === "ConfigurationError") return metrics
  return {
    ...metrics,
    providerCalls: metrics.providerCalls + 1,
    providerErrors: metrics.providerErrors + Number(error !== undefined && !notProviderErrors.has(error._tag)),
    inputTokens: metrics.inputTokens + (usage?.inputTokens ?? 0),
    outputTokens: metrics.outputTokens + (usage?.outputTokens ?? 0),
    costNanoUsd: metrics.costNanoUsd + (cost?.nanoUsd ?? 0),
    unpricedCalls: metrics.unpricedCalls + Number(cost === undefined && mayCost(attempt))
  }
}

/** Ending a call because of a stop, a deadline or a middleware is no failure of the provider. */
const notProviderErrors: ReadonlySet<TurnError["_tag"]> = new Set([
  "DeadlineExceeded",
  "MiddlewareError",
  "TurnStopped"
])

/**
 * Whether a provider may charge for a call. It does not for a call that it refused or that never reached it.
 */
export const mayCost = ({ error, usage }: Attempt): boolean =>
  usage !== undefined || error === undefined || !freeErrors.has(error._tag)

const freeErrors: ReadonlySet<TurnError["_tag"]> = new Set([
  "ConfigurationError",
  "ProviderAuth",
  "ProviderQuota",
  "ProviderRejected",
  "ProviderTransient"
])

/**
 * Input and output tokens.
 */
export const totalTokens = (metrics: SessionMetrics): number => metrics.inputTokens + metrics.outputTokens

/**
 * Mean duration of a reply in milliseconds. 0 before the first reply.
 */
export const averageResponseTimeMs = (metrics: SessionMetrics): number =>
  metrics.assistantMessages === 0 ? 0 : metrics.totalResponseTimeMs / metrics.assistantMessages

/**
 * Time from the first message to the last.
 */
export const sessionDuration = ({ firstMessageAt, lastMessageAt }: SessionMetrics): Duration.Duration =>
  firstMessageAt && lastMessageAt ? DateTime.distanceDuration(firstMessageAt, lastMessageAt) : Duration.zero
