import * as DateTime from "effect/DateTime"
import type { Analytics, AnalyticsQuery } from "../../../domain/Analytics.js"
import { type Rollup, startOfDay, toUsage } from "../../../domain/Rollup.js"

export interface RollupGroup {
  readonly key: string
  readonly rollup: Rollup
}

/** The limit of groups for a query without one. */
export const groupLimit = 100

/**
 * Makes the answer to a query. `groups` are ordered by importance: latest days first, or most turns first. One group more than
 * the limit shows that there are more.
 */
export const toAnalytics = (
  { groupBy, limit = groupLimit }: AnalyticsQuery,
  { from, to }: { readonly from: number; readonly to: number },
  total: Rollup,
  groups: ReadonlyArray<RollupGroup>
): Analytics => {
  const shown = groups.slice(0, limit).map(({ key, rollup }) => ({ key, usage: toUsage(rollup) }))
  return {
    from: startOfDay(from),
    to: startOfDay(to),
    total: toUsage(total),
    ...(groupBy && { groups: groupBy === "day" ? shown.toReversed() : shown }),
    ...(groups.length > limit && { moreGroups: true })
  }
}

/**
 * A day as an answer names it: `2026-03-01`.
 */
export const dayText = (day: number): string => DateTime.formatIsoDateUtc(startOfDay(day))
