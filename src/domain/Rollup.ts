import * as Arr from "effect/Array"
import * as DateTime from "effect/DateTime"
import * as Order from "effect/Order"
import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import { type AnalyticsQuery, type Latency, Usage } from "./Analytics.js"
import type { SessionInfo } from "./Session.js"

/**
 * Usage in a form that can be summed. A store keeps one for each day, user, provider, model and set of tags.
 */
export const Rollup = Schema.Struct({
  ...Usage.omit("latency", "turns").fields,
  /** Total duration of all calls that answered, in milliseconds. */
  latencyMs: Schema.NonNegative,
  maxLatencyMs: Schema.NonNegative,
  /** Number of those calls by `latencyBucket`. */
  latencies: Schema.Record({ key: Schema.String, value: Schema.NonNegativeInt })
})
export interface Rollup extends Schema.Schema.Type<typeof Rollup> {}

export const emptyRollup: Rollup = {
  sessions: 0,
  completedTurns: 0,
  failedTurns: 0,
  stoppedTurns: 0,
  interruptedTurns: 0,
  errors: {},
  totalMessages: 0,
  userMessages: 0,
  assistantMessages: 0,
  systemMessages: 0,
  providerCalls: 0,
  providerErrors: 0,
  inputTokens: 0,
  outputTokens: 0,
  costNanoUsd: 0,
  unpricedCalls: 0,
  latencyMs: 0,
  maxLatencyMs: 0,
  latencies: {}
}

/**
 * Sums two rollups.
 */
export const addRollups = (one: Rollup, other: Rollup): Rollup => ({
  sessions: one.sessions + other.sessions,
  completedTurns: one.completedTurns + other.completedTurns,
  failedTurns: one.failedTurns + other.failedTurns,
  stoppedTurns: one.stoppedTurns + other.stoppedTurns,
  interruptedTurns: one.interruptedTurns + other.interruptedTurns,
  errors: addCounts(one.errors, other.errors),
  totalMessages: one.totalMessages + other.totalMessages,
  userMessages: one.userMessages + other.userMessages,
  assistantMessages: one.assistantMessages + other.assistantMessages,
  systemMessages: one.systemMessages + other.systemMessages,
  providerCalls: one.providerCalls + other.providerCalls,
  providerErrors: one.providerErrors + other.providerErrors,
  inputTokens: one.inputTokens + other.inputTokens,
  outputTokens: one.outputTokens + other.outputTokens,
  costNanoUsd: one.costNanoUsd + other.costNanoUsd,
  unpricedCalls: one.unpricedCalls + other.unpricedCalls,
  latencyMs: one.latencyMs + other.latencyMs,
  maxLatencyMs: Math.max(one.maxLatencyMs, other.maxLatencyMs),
  latencies: addCounts(one.latencies, other.latencies)
})

const addCounts = (one: Readonly<Record<string, number>>, other: Readonly<Record<string, number>>) =>
  Record.union(one, other, (some, more) => some + more)

/**
 * The usage that a rollup stands for.
 */
export const toUsage = (rollup: Rollup): Usage => {
  const { latencies: _, latencyMs: __, maxLatencyMs: ___, ...counts } = rollup
  const latency = toLatency(rollup)
  return {
    ...counts,
    turns: totalTurns(rollup),
    ...(latency && { latency })
  }
}

/**
 * Turns that ended, with any status.
 */
export const totalTurns = ({ completedTurns, failedTurns, interruptedTurns, stoppedTurns }: Rollup): number =>
  completedTurns + failedTurns + stoppedTurns + interruptedTurns

const toLatency = ({ latencies, latencyMs, maxLatencyMs }: Rollup): Latency | undefined => {
  const buckets = Arr.sort(
    Record.toEntries(latencies).map(([bucket, count]) => ({ bucket: Number(bucket), count })),
    Order.mapInput(Order.number, ({ bucket }: { readonly bucket: number }) => bucket)
  )
  const count = buckets.reduce((sum, bucket) => sum + bucket.count, 0)
  if (count === 0) return undefined
  const percentile = (percent: number) => {
    let before = Math.ceil((count * percent) / 100)
    const found = buckets.find((bucket) => (before -= bucket.count) <= 0)
    return Math.min(found ? middleOf(found.bucket) : maxLatencyMs, maxLatencyMs)
  }
  return {
    count,
    meanMs: latencyMs / count,
    p50Ms: percentile(50),
    p90Ms: percentile(90),
    p95Ms: percentile(95),
    p99Ms: percentile(99),
    maxMs: maxLatencyMs
  }
}

const bucketsPerDoubling = 4

/**
 * The bucket of a duration in milliseconds. There are four buckets per doubling, so the middle of a bucket is within 10 % of
 * every duration in it. The first bucket holds everything up to one millisecond.
 */
export const latencyBucket = (milliseconds: number): number =>
  milliseconds <= 1 ? 0 : Math.floor(Math.log2(milliseconds) * bucketsPerDoubling) + 1

const middleOf = (bucket: number): number => 2 ** ((bucket - 0.5) / bucketsPerDoubling)

/**
 * An amount to add to the rollups of one day.
 */
export const UsageEntry = Schema.Struct({
  /** UTC day, see `toUtcDay`. */
  day: Schema.Int,
  provider: Schema.String,
  model: Schema.String,
  added: Rollup
})
export interface UsageEntry extends Schema.Schema.Type<typeof UsageEntry> {}

/**
 * What a new session adds.
 */
export const toStartUsage = ({ createdAt, model, provider }: SessionInfo): UsageEntry => ({
  day: toUtcDay(createdAt),
  provider,
  model,
  added: { ...emptyRollup, sessions: 1 }
})

const dayMs = 86_400_000

/**
 * The UTC day of a time, as whole days since 1970-01-01.
 */
export const toUtcDay = (time: DateTime.Utc): number => Math.floor(DateTime.toEpochMillis(time) / dayMs)

/**
 * The first instant of a UTC day.
 */
export const startOfDay = (day: number): DateTime.Utc => DateTime.unsafeMake(day * dayMs)

const defaultDays = 30

/**
 * The UTC days of a query: from `from` (included) to `to` (excluded).
 */
export const analyticsDays = (
  { since, until }: AnalyticsQuery,
  now: DateTime.Utc
): { readonly from: number; readonly to: number } => {
  // `until` is exclusive: at midnight exactly, its day is not part of the period.
  const to = until ? toUtcDay(DateTime.subtract(until, { millis: 1 })) + 1 : toUtcDay(now) + 1
  const from = since ? toUtcDay(since) : to - defaultDays
  return { from, to: Math.max(to, from + 1) }
}
