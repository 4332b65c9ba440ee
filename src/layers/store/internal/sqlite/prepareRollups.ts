import type Sqlite from "better-sqlite3"
import { rollupSums } from "./rollupSums.js"
import type { RollupColumns } from "./rollupToRow.js"

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
