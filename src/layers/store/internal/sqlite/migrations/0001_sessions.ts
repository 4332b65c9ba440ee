import * as SqlClient from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"

/**
 * Rows that belong to a session carry its integer `key`, which is much shorter than its `id` in each row and index. A key is
 * never reused, since messages can outlive their session. Times are integer milliseconds. Words in the rows of a turn are the
 * numbers of `codes`. Long columns come last, so that a query that filters by the others does not read them.
 */
export default Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient

  yield* sql`
    CREATE TABLE sessions (
      key INTEGER PRIMARY KEY AUTOINCREMENT,
      id TEXT NOT NULL UNIQUE,
      user_id TEXT NOT NULL,
      provider TEXT NOT NULL,
      model TEXT NOT NULL,
      tag_set INTEGER NOT NULL,
      status TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      last_activity_at INTEGER NOT NULL,
      message_count INTEGER NOT NULL,
      last_seq INTEGER NOT NULL,
      indexed_seq INTEGER NOT NULL,
      last_ordinal INTEGER NOT NULL,
      last_event INTEGER NOT NULL,
      delivered INTEGER NOT NULL,
      owner_epoch INTEGER NOT NULL,
      archive_after_ms INTEGER,
      delete_after_ms INTEGER,
      metrics TEXT NOT NULL,
      forked_from TEXT,
      cursor TEXT,
      config TEXT NOT NULL
    ) STRICT`
  // Lets a restoration reserve a key before the first session exists.
  yield* sql`INSERT INTO sqlite_sequence VALUES ('sessions', 0)`
  yield* sql`CREATE INDEX sessions_by_creation ON sessions (created_at, id)`
  yield* sql`CREATE INDEX sessions_by_user ON sessions (user_id, created_at, id)`
  yield* sql`CREATE INDEX sessions_by_provider ON sessions (provider, created_at, id)`
  yield* sql`CREATE INDEX sessions_by_status ON sessions (status, created_at, id)`
  yield* sql`CREATE INDEX sessions_by_activity ON sessions (last_activity_at)`
  yield* sql`
    CREATE INDEX sessions_to_archive ON sessions (last_activity_at + archive_after_ms)
    WHERE archive_after_ms IS NOT NULL AND status <> 'archived'`
  yield* sql`
    CREATE INDEX sessions_to_delete ON sessions (last_activity_at + delete_after_ms) WHERE delete_after_ms IS NOT NULL`
  yield* sql`CREATE INDEX sessions_undelivered ON sessions (key) WHERE delivered < last_event`
  yield* sql`CREATE INDEX sessions_unindexed ON sessions (key) WHERE indexed_seq < last_seq`

  // `created_at` and `id` are copies of the session's, which never change. They let one index list a tag's sessions in order.
  yield* sql`
    CREATE TABLE session_tags (
      session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
      tag TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      PRIMARY KEY (session_id, tag)
    ) STRICT, WITHOUT ROWID`
  yield* sql`CREATE INDEX session_tags_by_tag ON session_tags (tag, created_at, session_id)`

  // The segments of a session's history, in order: ranges of its own messages, and of those that it shares with its origin. The
  // last segment is its own and open-ended. `rewound` is 1 for messages that have left the history and can still be read.
  yield* sql`
    CREATE TABLE segments (
      session_key INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE,
      from_seq INTEGER NOT NULL,
      to_seq INTEGER NOT NULL,
      source_key INTEGER NOT NULL,
      rewound INTEGER NOT NULL,
      PRIMARY KEY (session_key, from_seq)
    ) STRICT, WITHOUT ROWID`
  yield* sql`CREATE INDEX segments_by_source ON segments (source_key, to_seq)`

  // Stored under the key of the session that added them, as long as a segment of any session contains them.
  yield* sql`
    CREATE TABLE messages (
      session_key INTEGER NOT NULL,
      seq INTEGER NOT NULL,
      id ANY NOT NULL,
      role INTEGER NOT NULL,
      created_at INTEGER NOT NULL,
      turn_id ANY,
      finish_reason INTEGER,
      processing_time_ms REAL,
      input_tokens INTEGER,
      output_tokens INTEGER,
      token_details TEXT,
      provider_message_id TEXT,
      provider_metadata TEXT,
      metadata TEXT NOT NULL,
      parts TEXT NOT NULL,
      PRIMARY KEY (session_key, seq)
    ) STRICT, WITHOUT ROWID`
  // The id comes first: ids sort by creation time, so the new ones of all sessions are on the same few pages.
  yield* sql`CREATE UNIQUE INDEX messages_by_id ON messages (id, session_key)`

  // The keys of sessions being restored, some messages at a time. The next process removes what an ended process left here.
  yield* sql`CREATE TABLE restorations (key INTEGER PRIMARY KEY) STRICT`

  // Kept as long as the messages, so that a fork knows the context before each message it shares.
  yield* sql`
    CREATE TABLE contexts (
      session_key INTEGER NOT NULL,
      version INTEGER NOT NULL,
      since_seq INTEGER NOT NULL,
      context TEXT NOT NULL,
      PRIMARY KEY (session_key, version)
    ) STRICT, WITHOUT ROWID`

  yield* sql`
    CREATE TRIGGER segment_removed AFTER DELETE ON segments
    BEGIN
      DELETE FROM messages
      WHERE session_key = OLD.source_key AND seq BETWEEN OLD.from_seq AND OLD.to_seq AND NOT EXISTS (
        SELECT 1 FROM segments WHERE source_key = OLD.source_key AND to_seq >= seq AND from_seq <= seq
      );
      DELETE FROM contexts
      WHERE session_key = OLD.source_key
        AND NOT EXISTS (SELECT 1 FROM sessions WHERE key = OLD.source_key)
        AND NOT EXISTS (SELECT 1 FROM segments WHERE source_key = OLD.source_key AND to_seq > since_seq);
    END`

  yield* sql`
    CREATE TABLE turns (
      session_key INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE,
      ordinal INTEGER NOT NULL,
      id ANY NOT NULL,
      status INTEGER NOT NULL,
      attempt INTEGER NOT NULL,
      accepted_at INTEGER NOT NULL,
      started_at INTEGER,
      ended_at INTEGER,
      deadline_at INTEGER,
      prompt_seq INTEGER,
      reply_seq INTEGER,
      when_busy INTEGER,
      on_unknown INTEGER,
      key ANY,
      digest TEXT,
      joined ANY,
      fallback TEXT,
      attempts TEXT,
      error TEXT,
      prompt TEXT,
      draft TEXT,
      PRIMARY KEY (session_key, ordinal)
    ) STRICT, WITHOUT ROWID`
  yield* sql`CREATE UNIQUE INDEX turns_by_id ON turns (id, session_key)`
  yield* sql`CREATE UNIQUE INDEX turns_by_key ON turns (session_key, key) WHERE key IS NOT NULL`
  yield* sql`CREATE INDEX turns_open ON turns (session_key, ordinal) WHERE status IN (0, 1)`

  // Refers to the rows of messages, contexts and turns instead of copying them, so that clearing removes everything.
  yield* sql`
    CREATE TABLE events (
      session_key INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE,
      number INTEGER NOT NULL,
      tag INTEGER NOT NULL,
      at INTEGER NOT NULL,
      ref INTEGER NOT NULL,
      detail TEXT,
      PRIMARY KEY (session_key, number)
    ) STRICT, WITHOUT ROWID`

  // Counters, kept by triggers, so that no query counts all rows.
  yield* sql`CREATE TABLE totals (name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID`
  yield* sql`INSERT INTO totals VALUES ('sessions', 0)`
  yield* sql`
    CREATE TRIGGER session_added AFTER INSERT ON sessions
    BEGIN UPDATE totals SET value = value + 1 WHERE name = 'sessions'; END`
  yield* sql`
    CREATE TRIGGER session_removed AFTER DELETE ON sessions
    BEGIN UPDATE totals SET value = value - 1 WHERE name = 'sessions'; END`
  yield* sql`INSERT INTO totals VALUES ('messages', 0)`
  yield* sql`
    CREATE TRIGGER message_added AFTER INSERT ON messages
    BEGIN UPDATE totals SET value = value + 1 WHERE name = 'messages'; END`
  yield* sql`
    CREATE TRIGGER message_gone AFTER DELETE ON messages
    BEGIN UPDATE totals SET value = value - 1 WHERE name = 'messages'; END`
})
