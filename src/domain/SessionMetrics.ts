import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import type { TurnError } from "./error/TurnError.js"
import { SessionId } from "./Ids.js"
import type { Message } from "./Message.js"
import type { Attempt } from "./Turn.js"

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
  /** In billionths of a US dollar: of the calls whose price is known. */
  costNanoUsd: count,
  /** Calls that may have cost something, and nobody knows what. */
  unpricedCalls: count
})
export interface SessionMetrics extends Schema.Schema.Type<typeof SessionMetrics> {}

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
 * Counts a provider call, whatever became of it.
 */
export const countAttempt = (metrics: SessionMetrics, attempt: Attempt): SessionMetrics => {
  const { cost, error, usage } = attempt
  // Nothing is called with a wrong configuration.
  if (error?._tag === "ConfigurationError") return metrics
  return {
    ...metrics,
    providerCalls: metrics.providerCalls + 1,
    providerErrors: metrics.providerErrors + Number(error !== undefined && !isNoFault.has(error._tag)),
    inputTokens: metrics.inputTokens + (usage?.inputTokens ?? 0),
    outputTokens: metrics.outputTokens + (usage?.outputTokens ?? 0),
    costNanoUsd: metrics.costNanoUsd + (cost?.nanoUsd ?? 0),
    unpricedCalls: metrics.unpricedCalls + Number(cost === undefined && mayCost(attempt))
  }
}

/**
 * Whether a provider may charge for a call: it does not for one that it refuses, or that never got there.
 */
export const mayCost = ({ error, usage }: Attempt): boolean =>
  usage !== undefined || error === undefined || !isFree.has(error._tag)

const isFree: ReadonlySet<TurnError["_tag"]> = new Set([
  "ConfigurationError",
  "ProviderAuth",
  "ProviderQuota",
  "ProviderRejected",
  "ProviderTransient"
])

/** To be stopped, to run out of time, or to say what a middleware refuses, is no failure of the provider. */
const isNoFault: ReadonlySet<TurnError["_tag"]> = new Set(["DeadlineExceeded", "MiddlewareError", "TurnStopped"])

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
