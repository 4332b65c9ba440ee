import * as Arr from "effect/Array"
import type * as DateTime from "effect/DateTime"
import * as Iterable from "effect/Iterable"
import * as Option from "effect/Option"
import * as Order from "effect/Order"
import type { Analytics, AnalyticsGroup, AnalyticsQuery } from "../../../../domain/Analytics.js"
import type { UserId } from "../../../../domain/Ids.js"
import {
  addRollups,
  analyticsDays,
  emptyRollup,
  type Rollup,
  totalTurns,
  type UsageEntry
} from "../../../../domain/Rollup.js"
import type { SessionInfo } from "../../../../domain/Session.js"
import { dayText, type RollupGroup, toAnalytics } from "../toAnalytics.js"

interface Row {
  readonly day: number
  /** None after `removeUser`. */
  readonly userId: Option.Option<UserId>
  readonly provider: string
  readonly model: string
  /** Sorted, without duplicates. */
  readonly tags: ReadonlyArray<string>
  readonly rollup: Rollup
}

/**
 * Sums of what all sessions have used, removed sessions included.
 */
export class MemoryRollups {
  private readonly rows = new Map<string, Row>()

  add({ config, userId }: SessionInfo, usage: Iterable<UsageEntry>): void {
    const tags = Arr.sort(new Set(config.tags), Order.string)
    for (const { added, day, model, provider } of usage) {
      this.put({ day, userId: Option.some(userId), provider, model, tags, rollup: added })
    }
  }

  /** Keeps a user's usage in the sums of all users only. Returns the number of days with usage. */
  removeUser(userId: UserId): number {
    const days = new Set<number>()
    for (const [key, row] of this.rows) {
      if (!Option.contains(row.userId, userId)) continue
      days.add(row.day)
      this.rows.delete(key)
      this.put({ ...row, userId: Option.none() })
    }
    return days.size
  }

  answer(query: AnalyticsQuery, now: DateTime.Utc): Analytics {
    const days = analyticsDays(query, now)
    const matching = Arr.fromIterable(
      Iterable.filter(this.rows.values(), (row) => row.day >= days.from && row.day < days.to && matches(query, row))
    )
    return toAnalytics(query, days, sumRollups(matching), query.groupBy ? toGroups(query.groupBy, matching) : [])
  }

  private put(row: Row): void {
    const { day, model, provider, tags, userId } = row
    const key = JSON.stringify([day, Option.getOrNull(userId), provider, model, tags])
    const known = this.rows.get(key)
    this.rows.set(key, known ? { ...row, rollup: addRollups(known.rollup, row.rollup) } : row)
  }
}

const matches = ({ model, provider, tag, userId }: AnalyticsQuery, row: Row): boolean =>
  (userId === undefined || Option.contains(row.userId, userId)) &&
  (provider === undefined || row.provider === provider) &&
  (model === undefined || row.model === model) &&
  (tag === undefined || row.tags.includes(tag))

const sumRollups = (rows: Iterable<Row>): Rollup =>
  Iterable.reduce(rows, emptyRollup, (sum, { rollup }) => addRollups(sum, rollup))

const toGroups = (by: AnalyticsGroup, rows: ReadonlyArray<Row>): ReadonlyArray<RollupGroup> => {
  const groups = new Map<string, Rollup>()
  for (const row of rows) {
    for (const key of keysOf(by, row)) groups.set(key, addRollups(groups.get(key) ?? emptyRollup, row.rollup))
  }
  const all = Array.from(groups, ([key, rollup]) => ({ key, rollup }))
  return Arr.sort(all, by === "day" ? Order.reverse(byKey) : Order.combine(busiestFirst, byKey))
}

const keysOf = (by: AnalyticsGroup, { day, model, provider, tags, userId }: Row): ReadonlyArray<string> => {
  switch (by) {
    case "day":
      return [dayText(day)]
    case "user":
      return Option.toArray(userId)
    case "provider":
      return [provider]
    case "model":
      return [model]
    case "tag":
      return tags
  }
}

const byKey = Order.mapInput(Order.string, ({ key }: RollupGroup) => key)

const busiestFirst = Order.reverse(Order.mapInput(Order.number, ({ rollup }: RollupGroup) => totalTurns(rollup)))
