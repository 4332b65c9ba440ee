import * as DateTime from "effect/DateTime"
import * as Schema from "effect/Schema"
import { UserId } from "./Ids.js"
import { DateTimeFromInput, ShortText } from "./Input.js"
import { ModelName, ProviderName } from "./Provider.js"

const milliseconds = Schema.NonNegative
const count = Schema.NonNegativeInt

/**
 * Duration of the provider calls that answered, in milliseconds to the end of the answer. Percentiles are exact to 10 % or one
 * millisecond, whichever is larger; the mean and the maximum are exact.
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

/**
 * Usage figures. A turn counts once it has ended, together with its question and its provider calls.
 */
export const Usage = Schema.Struct({
  /** Sessions created, forks included. */
  sessions: count,
  /** Turns that ended: the sum of the four counts below. */
  turns: count,
  completedTurns: count,
  failedTurns: count,
  stoppedTurns: count,
  interruptedTurns: count,
  /** Failed turns by the tag of their error. */
  errors: Schema.Record({ key: Schema.String, value: count }),
  /** All messages. Tool messages are counted here only. */
  totalMessages: count,
  userMessages: count,
  assistantMessages: count,
  systemMessages: count,
  providerCalls: count,
  /** Calls that failed. Their turn may still have completed, after a retry or a fallback. */
  providerErrors: count,
  inputTokens: count,
  outputTokens: count,
  /** Billionths of a US dollar, summed over the calls whose price is known. */
  costNanoUsd: count,
  /** Calls that may have cost something but whose price is unknown. */
  unpricedCalls: count,
  /** Absent when no call answered. */
  latency: Schema.optionalWith(Latency, { exact: true })
})
export interface Usage extends Schema.Schema.Type<typeof Usage> {}

/**
 * Usage over a period. Deleting sessions does not change it.
 */
export const Analytics = Schema.Struct({
  /** Start of the first day. */
  from: Schema.DateTimeUtc,
  /** End of the last day, exclusive. */
  to: Schema.DateTimeUtc,
  total: Usage,
  /**
   * Present when the query has `groupBy`. Days are in order, written as `2026-03-01`, without the days that have no usage. Other
   * groups are sorted by turns, most first.
   */
  groups: Schema.optionalWith(Schema.Array(Schema.Struct({ key: Schema.String, usage: Usage })), { exact: true }),
  /** True when there are more groups than `limit`. Grouped by day, the latest days are returned. */
  moreGroups: Schema.optionalWith(Schema.Literal(true), { exact: true })
})
export interface Analytics extends Schema.Schema.Type<typeof Analytics> {}

/**
 * What to group by. A session with several tags counts in the group of each; one without tags counts in none.
 */
export const AnalyticsGroup = Schema.Literal("day", "user", "provider", "model", "tag")
export type AnalyticsGroup = typeof AnalyticsGroup.Type

const text = <A extends string>(schema: Schema.Schema<A, string>) => Schema.optionalWith(schema, { exact: true })
const time = Schema.optionalWith(DateTimeFromInput, { exact: true })

/**
 * Which usage to sum. An absent filter matches everything. Usage is counted by whole UTC days, so the day of `since` and the
 * day of `until` count in full; `from` and `to` of the answer are the exact period.
 */
export const AnalyticsQuery = Schema.Struct({
  /** Start of the period. Default: 30 days before `until`. */
  since: time,
  /** End of the period, exclusive. Default: the end of today. */
  until: time,
  userId: text(UserId),
  provider: text(ProviderName),
  model: text(ModelName),
  tag: text(ShortText(64)),
  /** Returns the usage of each group too. */
  groupBy: Schema.optionalWith(AnalyticsGroup, { exact: true }),
  /** Groups to return, at most 1000. Default: 100. */
  limit: Schema.optionalWith(Schema.Int.pipe(Schema.between(1, 1000)), { exact: true })
}).pipe(
  Schema.filter(({ since, until }) =>
    since === undefined || until === undefined || DateTime.lessThan(since, until)
      ? undefined
      : { path: ["until"], message: "must be later than since" }
  )
)
export type AnalyticsQuery = typeof AnalyticsQuery.Type
