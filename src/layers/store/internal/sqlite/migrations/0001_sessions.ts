import * as SqlClient from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"

/**
 * What belongs to a session is stored under its `key`, at a fraction of what its `id` would take in each row and index. Keys
 * are never used again, for messages may outlive their session. Moments are integer milliseconds, and words in the rows that a
 * turn makes are the numbers of `codes`. Columns that end a row are the long ones, so that a query which filters by the others
 * does not read them.
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
  // So that a key can be taken before there is a first session.
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

  // `created_at` and `id` are the session's own: they never change, and let the index alone bring a tag's sessions in order.
  yield* sql`
    CREATE TABLE session_tags (
      session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
      tag TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      PRIMARY KEY (session_id, tag)
    ) STRICT, WITHOUT ROWID`
  yield* sql`CREATE INDEX session_tags_by_tag ON session_tags (tag, created_at, session_id)`

  // What a session's history is made of, in order: its own messages from one `seq` to another, and those that it shares with
  // the session it comes from. The last one is its own, and open: it ends where no history ever will. `rewound` is 1 for what
  // has left the history and can still be read.
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

  // Under the key of the session that added them, for as long as any session has them in a segment.
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
  // The id first: ids sort by the time they were made, so that all sessions write to the same few pages of it.
  yield* sql`CREATE UNIQUE INDEX messages_by_id ON messages (id, session_key)`

  // The keys of sessions that are being restored, some messages at a time. What is left here by a process that ended in the
  // midst of it is removed by the next.
  yield* sql`CREATE TABLE restorations (key INTEGER PRIMARY KEY) STRICT`

  // As long-lived as the messages, for a fork to know what it was before each message that it shares.
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

  // What has a row of its own is only referred to: what is cleared is gone from here too.
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

  // Counted as they come and go, so that nobody has to count them all.
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
