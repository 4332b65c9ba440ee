import * as DateTime from "effect/DateTime"
import * as Schema from "effect/Schema"
import { DateTimeFromInput } from "./DateTimeFromInput.js"
import { ModelName, ProviderName } from "./ProviderTarget.js"
import { ShortText } from "./ShortText.js"
import { dayOf } from "./UsageEntry.js"
import { UserId } from "./UserId.js"

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
