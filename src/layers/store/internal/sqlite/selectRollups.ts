import type { SqlClient } from "@effect/sql/SqlClient"
import type { Fragment } from "@effect/sql/Statement"
import type { AnalyticsGroup, AnalyticsQuery } from "../../../../domain/AnalyticsQuery.js"
import { groupLimit } from "../analyticsOf.js"
import { everyone } from "./addUsage.js"
import { rollupSums } from "./rollupSums.js"

const sums = [...rollupSums.map((column) => `sum(${column}) AS ${column}`), "max(max_latency_ms) AS max_latency_ms"]
  .join(", ")

/**
 * The queries that answer for these days: of all that matches, and of its groups. What they read is as much as there are days,
 * providers, models and sets of tags; to group by user, it is that of all users.
 */
export const selectRollups = (
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
