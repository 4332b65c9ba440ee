import type { SqlClient } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import type { Fragment } from "@effect/sql/Statement"
import type Sqlite from "better-sqlite3"
import * as Arr from "effect/Array"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Order from "effect/Order"
import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import {
  analyticsDays,
  type AnalyticsGroup,
  type AnalyticsQuery,
  empty,
  type Rollup,
  Usage,
  type UsageEntry
} from "../../../../domain/Analytics.js"
import type { SessionStore } from "../../../../services/SessionStore.js"
import { analyticsOf, dayText, groupLimit } from "../analyticsOf.js"
import { decodeRow } from "./columns.js"
import { retryWhileBusy, storeErrorOrDie } from "./errors.js"
import type { Statements } from "./statements.js"

/** A row of `rollups`, but for whose it is. */
export type RollupColumns =
  & Omit<Rollup, "errors" | "latencies">
  & Pick<UsageEntry, "day" | "model" | "provider">

export interface RollupRow {
  readonly columns: RollupColumns
  /** What `rollup_tallies` counts, each with its number. */
  readonly tallies: ReadonlyArray<readonly [kind: number | string, count: number]>
}

export const rollupToRow = (
  { added: { errors, latencies, ...sums }, day, model, provider }: UsageEntry
): RollupRow => ({
  columns: { day, provider, model, ...sums },
  tallies: [
    ...Record.toEntries(latencies).map(([bucket, count]) => [Number(bucket), count] as const),
    ...Record.toEntries(errors)
  ]
})

/** Whose rollups those of all users together are. */
export const everyone = ""

/**
 * Adds what a session has used to the rollups of its user, and to those of everyone.
 */
export const addUsage = (
  on: Statements,
  userId: string,
  tagSet: number,
  rows: ReadonlyArray<RollupRow>
): void => {
  for (const { columns, tallies } of rows) {
    const { day, model, provider } = columns
    for (const owner of [everyone, userId]) {
      on.addRollup.run(owner, tagSet, columns)
      for (const [kind, count] of tallies) on.addTally.run(owner, day, provider, model, tagSet, kind, count)
    }
  }
}

/**
 * The number that stands for a set of tags.
 */
export const internTags = (on: Statements, tags: ReadonlyArray<string>): number => {
  const sorted = Arr.sort(tags, Order.string)
  const name = JSON.stringify(sorted)
  const known = on.tagSet.get(name)
  if (known) return known.key
  const key = Number(on.addTagSet.run(name).lastInsertRowid)
  for (const tag of sorted) on.addTagOfSet.run(key, tag)
  return key
}

/**
 * The columns of `rollups` that are added up.
 */
export const rollupSums = [
  "sessions",
  "completed_turns",
  "failed_turns",
  "stopped_turns",
  "interrupted_turns",
  "total_messages",
  "user_messages",
  "assistant_messages",
  "system_messages",
  "provider_calls",
  "provider_errors",
  "input_tokens",
  "output_tokens",
  "cost_nano_usd",
  "unpriced_calls",
  "latency_ms"
] as const

export interface RollupStatements {
  readonly tagSet: Sqlite.Statement<[tags: string], { key: number }>
  readonly addTagSet: Sqlite.Statement<[tags: string]>
  readonly addTagOfSet: Sqlite.Statement<[tagSet: number, tag: string]>
  readonly addRollup: Sqlite.Statement<[userId: string, tagSet: number, RollupColumns]>
  readonly addTally: Sqlite.Statement<
    [
      userId: string,
      day: number,
      provider: string,
      model: string,
      tagSet: number,
      kind: number | string,
      count: number
    ]
  >
  readonly userDays: Sqlite.Statement<[userId: string], { days: number }>
  /** What the user has used stays in the rollups of everyone. */
  readonly removeUserRollups: Sqlite.Statement<[userId: string]>
}

/**
 * The statements that add up what is used.
 */
export const prepareRollups = (db: Sqlite.Database): RollupStatements => ({
  tagSet: db.prepare(`SELECT key FROM tag_sets WHERE tags = ?`),
  addTagSet: db.prepare(`INSERT INTO tag_sets (tags) VALUES (?)`),
  addTagOfSet: db.prepare(`INSERT INTO tag_set_tags (tag_set, tag) VALUES (?, ?)`),

  addRollup: db.prepare(`
    INSERT INTO rollups (
      user_id, tag_set, day, provider, model, sessions, completed_turns, failed_turns, stopped_turns, interrupted_turns,
      total_messages, user_messages, assistant_messages, system_messages, provider_calls, provider_errors, input_tokens,
      output_tokens, cost_nano_usd, unpriced_calls, latency_ms, max_latency_ms
    ) VALUES (
      ?, ?, @day, @provider, @model, @sessions, @completedTurns, @failedTurns, @stoppedTurns, @interruptedTurns,
      @totalMessages, @userMessages, @assistantMessages, @systemMessages, @providerCalls, @providerErrors, @inputTokens,
      @outputTokens, @costNanoUsd, @unpricedCalls, @latencyMs, @maxLatencyMs
    )
    ON CONFLICT (user_id, day, provider, model, tag_set) DO UPDATE SET
      ${rollupSums.map((column) => `${column} = ${column} + excluded.${column}`).join(", ")},
      max_latency_ms = max(max_latency_ms, excluded.max_latency_ms)`),

  addTally: db.prepare(`
    INSERT INTO rollup_tallies (user_id, day, provider, model, tag_set, kind, count) VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (user_id, day, provider, model, tag_set, kind) DO UPDATE SET count = count + excluded.count`),

  userDays: db.prepare(`SELECT count(DISTINCT day) AS days FROM rollups WHERE user_id = ?`),
  removeUserRollups: db.prepare(`DELETE FROM rollups WHERE user_id = ?`)
})

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

/**
 * Adds up rollups. All of an answer is read at one moment, so that the groups agree with the total.
 */
export const sqliteAnalytics = (sql: SqlClient): Pick<SessionStore["Type"], "analytics"> => {
  const rollupsOf = Effect.fnUntraced(function*(rollups: Rows, tallies: (keys: string) => Rows) {
    const sums = yield* Effect.flatMap(rollups, decodeSums)
    const kinds = Arr.groupBy(
      yield* Effect.flatMap(tallies(JSON.stringify(sums.map(({ key }) => key))), decodeTallies),
      ({ key }) => String(key)
    )
    return sums.map(({ key, ...sum }) => ({ key, rollup: withTallies(sum, kinds[String(key)] ?? []) }))
  })

  const answer = Effect.fnUntraced(function*(query: Parameters<SessionStore["Type"]["analytics"]>[0]) {
    const days = analyticsDays(query, yield* DateTime.now)
    const { groups, total } = selectRollups(sql, query, days)
    const [all] = yield* rollupsOf(total.rollups, () => total.tallies)
    const grouped = groups ? yield* rollupsOf(groups.rollups, groups.tallies) : []
    return analyticsOf(
      query,
      days,
      all?.rollup ?? empty,
      grouped.map(({ key, rollup }) => ({ key: typeof key === "number" ? dayText(key) : key, rollup }))
    )
  })

  return {
    analytics: (query) =>
      retryWhileBusy(Effect.catchTag(sql.withTransaction(answer(query)), "SqlError", storeErrorOrDie))
  }
}

type Rows = Effect.Effect<ReadonlyArray<object>, SqlError>

const withTallies = (
  sums: Omit<Rollup, "errors" | "latencies">,
  tallies: ReadonlyArray<{ readonly kind: number | string; readonly count: number }>
): Rollup => {
  const entries = tallies.map(({ count, kind }) => [kind, count] as const)
  const [errors, latencies] = Arr.partition(entries, ([kind]) => typeof kind === "number")
  return { ...sums, errors: Object.fromEntries(errors), latencies: Object.fromEntries(latencies) }
}
