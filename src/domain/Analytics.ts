import * as Arr from "effect/Array"
import * as DateTime from "effect/DateTime"
import * as Order from "effect/Order"
import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import { UserId } from "./Ids.js"
import { DateTimeFromInput, ShortText } from "./Input.js"
import { ModelName, ProviderName } from "./Provider.js"
import type { SessionInfo } from "./Session.js"

const milliseconds = Schema.NonNegative

/**
 * How long provider calls took that answered, in milliseconds to the end of the answer. The percentiles are within 10 % of
 * the true ones, or a millisecond; the mean and the longest are exact.
 */
export const Latency = Schema.Struct({
  count: Schema.Positive.pipe(Schema.int()),
  meanMs: milliseconds,
  p50Ms: milliseconds,
  p90Ms: milliseconds,
  p95Ms: milliseconds,
  p99Ms: milliseconds,
  maxMs: milliseconds
})
export interface Latency extends Schema.Schema.Type<typeof Latency> {}

const count = Schema.NonNegativeInt

/**
 * What was used. A turn counts, with its question and its provider calls, once it has ended.
 */
export const Usage = Schema.Struct({
  /** Sessions that were started, forks included. */
  sessions: count,
  /** Those that ended, however they did: the four below together. */
  turns: count,
  completedTurns: count,
  failedTurns: count,
  stoppedTurns: count,
  interruptedTurns: count,
  /** What ended the failed turns, by the tag of the error. */
  errors: Schema.Record({ key: Schema.String, value: count }),
  /** Messages of tools are in the total only. */
  totalMessages: count,
  userMessages: count,
  assistantMessages: count,
  systemMessages: count,
  providerCalls: count,
  /** Calls that failed. A turn may have completed in spite of them. */
  providerErrors: count,
  inputTokens: count,
  outputTokens: count,
  /** In billionths of a US dollar: of the calls whose price is known. */
  costNanoUsd: count,
  /** Calls that may have cost something, and nobody knows what. */
  unpricedCalls: count,
  /** Absent when no call answered. */
  latency: Schema.optionalWith(Latency, { exact: true })
})
export interface Usage extends Schema.Schema.Type<typeof Usage> {}

/**
 * What was used over a period. It stays when sessions are deleted.
 */
export const Analytics = Schema.Struct({
  /** The first moment of the first day. */
  from: Schema.DateTimeUtc,
  /** The end of the last day: the first moment that is not in it. */
  to: Schema.DateTimeUtc,
  total: Usage,
  /**
   * Present when the query groups. Days in order, as `2026-03-01`, those without use left out; any other with the most turns
   * first.
   */
  groups: Schema.optionalWith(Schema.Array(Schema.Struct({ key: Schema.String, usage: Usage })), { exact: true }),
  /** True when there are more groups than `limit`. The latest days are answered. */
  moreGroups: Schema.optionalWith(Schema.Literal(true), { exact: true })
})
export interface Analytics extends Schema.Schema.Type<typeof Analytics> {}

/**
 * A sum of use, to which more can be added: what stores keep for each day, user, provider, model and set of tags.
 */
export const Rollup = Schema.Struct({
  ...Usage.omit("latency", "turns").fields,
  /** Milliseconds that all calls which answered took together. */
  latencyMs: Schema.NonNegative,
  maxLatencyMs: Schema.NonNegative,
  /** How many of them took how long, by `latencyBucket`. */
  latencies: Schema.Record({ key: Schema.String, value: Schema.NonNegativeInt })
})
export interface Rollup extends Schema.Schema.Type<typeof Rollup> {}

export const empty: Rollup = {
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

export const add = (one: Rollup, other: Rollup): Rollup => ({
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
 * The bucket of a time in milliseconds: four for each doubling, so that its middle is within 10 % of whatever is in it. All
 * up to a millisecond is in the first.
 */
export const latencyBucket = (milliseconds: number): number =>
  milliseconds <= 1 ? 0 : Math.floor(Math.log2(milliseconds) * bucketsPerDoubling) + 1

const bucketsPerDoubling = 4

const middleOf = (bucket: number): number => 2 ** ((bucket - 0.5) / bucketsPerDoubling)

export const turnsOf = ({ completedTurns, failedTurns, interruptedTurns, stoppedTurns }: Rollup): number =>
  completedTurns + failedTurns + stoppedTurns + interruptedTurns

export const toUsage = (rollup: Rollup): Usage => {
  const { latencies: _, latencyMs: __, maxLatencyMs: ___, ...counts } = rollup
  const latency = latencyOf(rollup)
  return {
    ...counts,
    turns: turnsOf(rollup),
    ...(latency && { latency })
  }
}

const latencyOf = ({ latencies, latencyMs, maxLatencyMs }: Rollup): Latency | undefined => {
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

/**
 * What is to be added to the rollups of one day.
 */
export const UsageEntry = Schema.Struct({
  /** See `dayOf`. */
  day: Schema.Int,
  provider: Schema.String,
  model: Schema.String,
  added: Rollup
})
export interface UsageEntry extends Schema.Schema.Type<typeof UsageEntry> {}

const dayMs = 86_400_000

/**
 * The UTC day of a moment, in whole days since 1970-01-01.
 */
export const dayOf = (moment: DateTime.Utc): number => Math.floor(DateTime.toEpochMillis(moment) / dayMs)

/**
 * Where a day begins.
 */
export const startOfDay = (day: number): DateTime.Utc => DateTime.unsafeMake(day * dayMs)

/**
 * What the start of a session adds.
 */
export const usageOfStart = ({ createdAt, model, provider }: SessionInfo): UsageEntry => ({
  day: dayOf(createdAt),
  provider,
  model,
  added: { ...empty, sessions: 1 }
})

const text = <A extends string>(schema: Schema.Schema<A, string>) => Schema.optionalWith(schema, { exact: true })
const moment = Schema.optionalWith(DateTimeFromInput, { exact: true })

/**
 * What is counted together. A session with several tags counts in the group of each, one without tags in none.
 */
export const AnalyticsGroup = Schema.Literal("day", "user", "provider", "model", "tag")
export type AnalyticsGroup = typeof AnalyticsGroup.Type

/**
 * Whose use to add up, and over what time. What is left out matches all. Use is counted by whole UTC days: a `since` or an
 * `until` within a day takes in all of that day, and the answer tells from when to when it is.
 */
export const AnalyticsQuery = Schema.Struct({
  /** 30 days before `until`, unless told. */
  since: moment,
  /** The period ends before this moment: with today, unless told. */
  until: moment,
  userId: text(UserId),
  provider: text(ProviderName),
  model: text(ModelName),
  tag: text(ShortText(64)),
  /** Answers each of these on its own, too. */
  groupBy: Schema.optionalWith(AnalyticsGroup, { exact: true }),
  /** Groups to answer: 100 unless told, 1000 at most. */
  limit: Schema.optionalWith(Schema.Int.pipe(Schema.between(1, 1000)), { exact: true })
}).pipe(
  Schema.filter(({ since, until }) =>
    since === undefined || until === undefined || DateTime.lessThan(since, until)
      ? undefined
      : { path: ["until"], message: "must be later than since" }
  )
)
export type AnalyticsQuery = typeof AnalyticsQuery.Type

/**
 * The days of a query, from the first up to and without `to`.
 */
export const analyticsDays = (
  { since, until }: AnalyticsQuery,
  now: DateTime.Utc
): { readonly from: number; readonly to: number } => {
  const afterToday = dayOf(now) + 1
  // The first moment of a day is not in it any more.
  const to = until ? dayOf(DateTime.subtract(until, { millis: 1 })) + 1 : afterToday
  const from = since ? dayOf(since) : to - defaultDays
  return { from, to: Math.max(to, from + 1) }
}

const defaultDays = 30
