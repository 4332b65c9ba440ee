import * as SqlClient from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"

/**
 * Sums of usage, by UTC day. They belong to no session, so they stay when a session is removed.
 */
export default Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient

  // A session's tags never change, so one number represents the set. Sets are few and are never removed.
  yield* sql`CREATE TABLE tag_sets (key INTEGER PRIMARY KEY, tags TEXT NOT NULL UNIQUE) STRICT`
  yield* sql`
    CREATE TABLE tag_set_tags (
      tag_set INTEGER NOT NULL REFERENCES tag_sets,
      tag TEXT NOT NULL,
      PRIMARY KEY (tag_set, tag)
    ) STRICT, WITHOUT ROWID`

  // Usage is added twice: for its user, and for all users together, under the id '', which no user can have.
  yield* sql`
    CREATE TABLE rollups (
      user_id TEXT NOT NULL,
      day INTEGER NOT NULL,
      provider TEXT NOT NULL,
      model TEXT NOT NULL,
      tag_set INTEGER NOT NULL,
      sessions INTEGER NOT NULL,
      completed_turns INTEGER NOT NULL,
      failed_turns INTEGER NOT NULL,
      stopped_turns INTEGER NOT NULL,
      interrupted_turns INTEGER NOT NULL,
      total_messages INTEGER NOT NULL,
      user_messages INTEGER NOT NULL,
      assistant_messages INTEGER NOT NULL,
      system_messages INTEGER NOT NULL,
      provider_calls INTEGER NOT NULL,
      provider_errors INTEGER NOT NULL,
      input_tokens INTEGER NOT NULL,
      output_tokens INTEGER NOT NULL,
      cost_nano_usd INTEGER NOT NULL,
      unpriced_calls INTEGER NOT NULL,
      latency_ms REAL NOT NULL,
      max_latency_ms REAL NOT NULL,
      PRIMARY KEY (user_id, day, provider, model, tag_set)
    ) STRICT, WITHOUT ROWID`
  yield* sql`CREATE INDEX rollups_by_day ON rollups (day) WHERE user_id <> ''`

  // Counts by kind: a latency bucket, which is a number, or the tag of an error.
  yield* sql`
    CREATE TABLE rollup_tallies (
      user_id TEXT NOT NULL,
      day INTEGER NOT NULL,
      provider TEXT NOT NULL,
      model TEXT NOT NULL,
      tag_set INTEGER NOT NULL,
      kind ANY NOT NULL,
      count INTEGER NOT NULL,
      PRIMARY KEY (user_id, day, provider, model, tag_set, kind),
      FOREIGN KEY (user_id, day, provider, model, tag_set) REFERENCES rollups ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID`
})
