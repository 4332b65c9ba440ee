import type Sqlite from "better-sqlite3"
import * as Arr from "effect/Array"
import * as Either from "effect/Either"
import * as Order from "effect/Order"
import * as Record from "effect/Record"
import type { Rollup, UsageEntry } from "../../../../domain/Rollup.js"
import type { SessionStore } from "../../../../services/SessionStore.js"
import type { GroupCommitter } from "./GroupCommitter.js"

/** A row of `rollups` without its user and its tags. */
type RollupColumns =
  & Omit<Rollup, "errors" | "latencies">
  & Pick<UsageEntry, "day" | "model" | "provider">

interface RollupRow {
  readonly columns: RollupColumns
  /** Counts of `rollup_tallies`: latencies by bucket, errors by tag. */
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

/** The user id of the rollups of all users together. No user can have it. */
export const everyone = ""

/**
 * Adds the usage of a session to the rollups of its user, and to those of all users.
 */
export const addUsage = (
  on: RollupStatements,
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
 * The key of a set of tags, which is added when it is new.
 */
export const internTags = (on: RollupStatements, tags: ReadonlyArray<string>): number => {
  const sorted = Arr.sort(tags, Order.string)
  const name = JSON.stringify(sorted)
  const known = on.tagSet.get(name)
  if (known) return known.key
  const key = Number(on.addTagSet.run(name).lastInsertRowid)
  for (const tag of sorted) on.addTagOfSet.run(key, tag)
  return key
}

/**
 * The columns of `rollups` that are summed.
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
  /** The rollups of all users keep what this user has used. */
  readonly removeUserRollups: Sqlite.Statement<[userId: string]>
}

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

/**
 * The write that forgets a user.
 */
export const rollupOperations = (
  { write }: Pick<GroupCommitter<RollupStatements>, "write">
): Pick<SessionStore["Type"], "removeUsageOf"> => ({
  removeUsageOf: (userId) =>
    write((on) => {
      const days = on.userDays.get(userId)?.days ?? 0
      on.removeUserRollups.run(userId)
      return Either.right(days)
    })
})
