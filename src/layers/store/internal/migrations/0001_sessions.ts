import * as SqlClient from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"

/**
 * What belongs to a session is stored under its `key`, at a fraction of what its `id` would take in each row and index.
 * Moments are integer milliseconds. Columns that end a row are the long ones, so that a query which filters by the others
 * does not read them.
 */
export default Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient

  yield* sql`
    CREATE TABLE sessions (
      key INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      user_id TEXT NOT NULL,
      provider TEXT NOT NULL,
      model TEXT NOT NULL,
      status TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      last_activity_at INTEGER NOT NULL,
      message_count INTEGER NOT NULL,
      last_seq INTEGER NOT NULL,
      last_ordinal INTEGER NOT NULL,
      owner_epoch INTEGER NOT NULL,
      metrics TEXT NOT NULL,
      config TEXT NOT NULL,
      context TEXT NOT NULL
    ) STRICT`
  yield* sql`CREATE INDEX sessions_by_creation ON sessions (created_at, id)`
  yield* sql`CREATE INDEX sessions_by_user ON sessions (user_id, created_at, id)`
  yield* sql`CREATE INDEX sessions_by_provider ON sessions (provider, created_at, id)`
  yield* sql`CREATE INDEX sessions_by_status ON sessions (status, created_at, id)`
  yield* sql`CREATE INDEX sessions_by_activity ON sessions (last_activity_at)`

  // `created_at` and `id` are the session's own: they never change, and let the index alone bring a tag's sessions in order.
  yield* sql`
    CREATE TABLE session_tags (
      session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
      tag TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      PRIMARY KEY (session_id, tag)
    ) STRICT, WITHOUT ROWID`
  yield* sql`CREATE INDEX session_tags_by_tag ON session_tags (tag, created_at, session_id)`

  yield* sql`
    CREATE TABLE messages (
      session_key INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE,
      seq INTEGER NOT NULL,
      id TEXT NOT NULL,
      role TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      turn_id TEXT,
      finish_reason TEXT,
      processing_time_ms REAL,
      usage TEXT,
      provider_message_id TEXT,
      provider_metadata TEXT,
      metadata TEXT NOT NULL,
      parts TEXT NOT NULL,
      PRIMARY KEY (session_key, seq)
    ) STRICT, WITHOUT ROWID`
  // The id first: ids sort by the time they were made, so that all sessions write to the same few pages of it.
  yield* sql`CREATE UNIQUE INDEX messages_by_id ON messages (id, session_key)`

  yield* sql`
    CREATE TABLE turns (
      session_key INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE,
      ordinal INTEGER NOT NULL,
      id TEXT NOT NULL,
      status TEXT NOT NULL,
      accepted_at INTEGER NOT NULL,
      started_at INTEGER,
      ended_at INTEGER,
      prompt_seq INTEGER,
      reply_seq INTEGER,
      error_code TEXT,
      prompt TEXT,
      PRIMARY KEY (session_key, ordinal)
    ) STRICT, WITHOUT ROWID`
  yield* sql`CREATE INDEX turns_open ON turns (session_key, ordinal) WHERE status IN ('accepted', 'calling')`

  // Counted as they come and go, so that nobody has to count them all.
  yield* sql`CREATE TABLE totals (name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID`
  yield* sql`INSERT INTO totals VALUES ('sessions', 0)`
  yield* sql`
    CREATE TRIGGER session_added AFTER INSERT ON sessions
    BEGIN UPDATE totals SET value = value + 1 WHERE name = 'sessions'; END`
  yield* sql`
    CREATE TRIGGER session_removed AFTER DELETE ON sessions
    BEGIN UPDATE totals SET value = value - 1 WHERE name = 'sessions'; END`
})
