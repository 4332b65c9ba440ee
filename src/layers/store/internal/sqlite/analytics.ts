import type { SqlClient } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import type { Fragment } from "@effect/sql/Statement"
import * as Arr from "effect/Array"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { type AnalyticsGroup, type AnalyticsQuery, Usage } from "../../../../domain/Analytics.js"
import { analyticsDays, emptyRollup, type Rollup } from "../../../../domain/Rollup.js"
import type { SessionStore } from "../../../../services/SessionStore.js"
import { dayText, groupLimit, toAnalytics } from "../toAnalytics.js"
import { retryWhileBusy, storeErrorOrDie } from "./errors.js"
import { everyone, rollupSums } from "./rollups.js"
import { decodeRow } from "./rows.js"

/**
 * Analytics from the rollups. One transaction reads the whole answer, so that the groups agree with the total.
 */
export const analyticsQueries = (sql: SqlClient): Pick<SessionStore["Type"], "analytics"> => {
  const readRollups = Effect.fnUntraced(function*(rollups: Rows, tallies: (keys: string) => Rows) {
    const sums = yield* Effect.flatMap(rollups, decodeSums)
    const kinds = Arr.groupBy(
      yield* Effect.flatMap(tallies(JSON.stringify(sums.map(({ key }) => key))), decodeTallies),
      ({ key }) => String(key)
    )
    return sums.map(({ key, ...sum }) => ({ key, rollup: withTallies(sum, kinds[String(key)] ?? []) }))
  })

  const answer = Effect.fnUntraced(function*(query: AnalyticsQuery) {
    const days = analyticsDays(query, yield* DateTime.now)
    const { groups, total } = selectRollups(sql, query, days)
    const [all] = yield* readRollups(total.rollups, () => total.tallies)
    const grouped = groups ? yield* readRollups(groups.rollups, groups.tallies) : []
    return toAnalytics(
      query,
      days,
      all?.rollup ?? emptyRollup,
      grouped.map(({ key, rollup }) => ({ key: typeof key === "number" ? dayText(key) : key, rollup }))
    )
  })

  return {
    analytics: (query) =>
      retryWhileBusy(Effect.catchTag(sql.withTransaction(answer(query)), "SqlError", storeErrorOrDie))
  }
}

const Key = Schema.Union(Schema.String, Schema.Int)

const decodeSums = decodeRow(
  Schema.Array(
    Schema.Struct({
      ...Usage.omit("errors", "latency", "turns").fields,
      key: Key,
      latencyMs: Schema.NonNegative,
      maxLatencyMs: Schema.NonNegative
    })
  )
)
const decodeTallies = decodeRow(Schema.Array(Schema.Struct({ key: Key, kind: Key, count: Schema.NonNegativeInt })))

type Rows = Effect.Effect<ReadonlyArray<object>, SqlError>

const withTallies = (
  sums: Omit<Rollup, "errors" | "latencies">,
  tallies: ReadonlyArray<{ readonly kind: number | string; readonly count: number }>
): Rollup => {
  const entries = tallies.map(({ count, kind }) => [kind, count] as const)
  const [errors, latencies] = Arr.partition(entries, ([kind]) => typeof kind === "number")
  return { ...sums, errors: Object.fromEntries(errors), latencies: Object.fromEntries(latencies) }
}

const sums = [...rollupSums.map((column) => `sum(${column}) AS ${column}`), "max(max_latency_ms) AS max_latency_ms"]
  .join(", ")

/**
 * The queries for these days: the total, and the groups. They read a row for each day, provider, model and set of tags, and
 * those of all users when grouped by user.
 */
const selectRollups = (
  sql: SqlClient,
  { groupBy, limit = groupLimit, model, provider, tag, userId }: AnalyticsQuery,
  { from, to }: { readonly from: number; readonly to: number }
) => {
  const matches = (table: Fragment, ofUser: Fragment) =>
    sql.and([
      ofUser,
      sql`day >= ${from} AND day < ${to}`,
      ...(provider === undefined ? [] : [sql`provider = ${provider}`]),
      ...(model === undefined ? [] : [sql`model = ${model}`]),
      ...(tag === undefined
        ? []
        : [sql`EXISTS (SELECT 1 FROM tag_set_tags AS its WHERE its.tag_set = ${table}.tag_set AND its.tag = ${tag})`])
    ])
  const rollups = sql`rollups`
  const tallies = sql`rollup_tallies`
  const ofUser = sql`user_id = ${userId ?? everyone}`

  const total = {
    rollups: sql`SELECT '' AS key, ${sql.literal(sums)} FROM rollups WHERE ${
      matches(rollups, ofUser)
    } GROUP BY user_id`,
    tallies: sql`
      SELECT '' AS key, kind, sum(count) AS count FROM rollup_tallies WHERE ${matches(tallies, ofUser)} GROUP BY kind`
  }
  if (groupBy === undefined) return { total }

  const key = sql.literal(columnOf[groupBy])
  const ofEachUser = groupBy === "user" && userId === undefined
  const withTags = (table: Fragment) =>
    groupBy === "tag" ? sql`${table} CROSS JOIN tag_set_tags USING (tag_set)` : table
  return {
    total,
    groups: {
      rollups: sql`
        SELECT ${key} AS key, ${sql.literal(sums)}
        FROM ${ofEachUser ? sql`rollups INDEXED BY rollups_by_day` : withTags(rollups)}
        WHERE ${matches(rollups, ofEachUser ? sql`user_id <> ''` : ofUser)}
        GROUP BY 1 ORDER BY ${sql.literal(groupBy === "day" ? "1 DESC" : busiestFirst)} LIMIT ${limit + 1}`,
      /** Of these groups: a JSON array of their keys. */
      tallies: (keys: string) =>
        sql`
        SELECT ${key} AS key, kind, sum(count) AS count FROM ${withTags(tallies)}
        WHERE ${
          sql.and([
            sql`${key} IN (SELECT value FROM json_each(${keys}))`,
            matches(tallies, ofEachUser ? sql`user_id <> ''` : ofUser)
          ])
        }
        GROUP BY 1, 2`
    }
  }
}

const columnOf: Readonly<Record<AnalyticsGroup, string>> = {
  day: "day",
  user: "user_id",
  provider: "provider",
  model: "model",
  tag: "tag"
}

const busiestFirst = "sum(completed_turns + failed_turns + stopped_turns + interrupted_turns) DESC, 1"
