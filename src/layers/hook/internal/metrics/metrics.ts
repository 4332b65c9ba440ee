import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"

/** The metrics that `MetricsCollectionHook` keeps. */

const counter = (name: string, description: string) =>
  Metric.counter(`langswarm_session_${name}`, { description, incremental: true })

export const sessionsCreated = counter("sessions_created", "Sessions that were started, forks too")
export const sessionsArchived = counter("sessions_archived", "Sessions that were archived")
export const sessionsDeleted = counter("sessions_deleted", "Sessions that were deleted")
export const sessionsErrored = counter("sessions_errored", "Sessions that failed too often to go on by themselves")
export const messages = counter("messages", "Messages that entered a history")
export const inputTokens = counter("input_tokens", "Tokens that replies were made from")
export const outputTokens = counter("output_tokens", "Tokens of replies")
export const turnsCompleted = counter("turns_completed", "Turns that were answered")
export const turnsStopped = counter("turns_stopped", "Turns that were stopped")
export const turnsFailed = counter("turns_failed", "Turns that failed")

export const messageLength = Metric.histogram(
  "langswarm_session_message_length",
  MetricBoundaries.exponential({ start: 16, factor: 4, count: 8 }),
  "Characters of a message's text"
)
export const responseTime = Metric.histogram(
  "langswarm_session_response_time_ms",
  MetricBoundaries.exponential({ start: 50, factor: 2, count: 12 }),
  "Milliseconds from a provider call to its last token"
)
export const sessionDuration = Metric.histogram(
  "langswarm_session_session_duration_seconds",
  MetricBoundaries.exponential({ start: 1, factor: 8, count: 9 }),
  "Seconds from a session's creation to its archiving"
)

export const withTag = <Type, In, Out>(
  metric: Metric.Metric<Type, In, Out>,
  key: "error" | "provider" | "role",
  value: string
): Metric.Metric<Type, In, Out> => Metric.tagged(metric, key, value)
