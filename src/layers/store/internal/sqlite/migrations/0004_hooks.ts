import * as SqlClient from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"

/**
 * Dead letters, and deletions that hooks have not been notified of. Both can outlive a session's `key`, so they carry its id.
 * Dead letters are removed with their session, except those about its deletion, which are removed with the deletion.
 */
export default Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient

  yield* sql`
    CREATE TABLE dead_letters (
      key INTEGER PRIMARY KEY AUTOINCREMENT,
      hook TEXT NOT NULL,
      session_id TEXT NOT NULL,
      number INTEGER NOT NULL,
      event TEXT NOT NULL,
      at INTEGER NOT NULL,
      attempts INTEGER NOT NULL,
      reason TEXT NOT NULL
    ) STRICT`
  yield* sql`CREATE UNIQUE INDEX dead_letters_by_event ON dead_letters (session_id, number, hook)`
  yield* sql`CREATE INDEX dead_letters_by_hook ON dead_letters (hook, key)`
  yield* sql`CREATE INDEX dead_letters_by_session ON dead_letters (session_id, key)`

  yield* sql`
    CREATE TABLE deletions (
      key INTEGER PRIMARY KEY AUTOINCREMENT,
      session_id TEXT NOT NULL UNIQUE,
      user_id TEXT NOT NULL,
      provider TEXT NOT NULL,
      number INTEGER NOT NULL,
      at INTEGER NOT NULL,
      told INTEGER NOT NULL
    ) STRICT`
  yield* sql`CREATE INDEX deletions_untold ON deletions (key) WHERE told = 0`

  // Counters, kept by triggers: for each hook, to enforce its limit, and in total, for `health`.
  yield* sql`
    CREATE TABLE dead_letter_counts (hook TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID`
  yield* sql`INSERT INTO totals VALUES ('dead_letters', 0)`
  yield* sql`
    CREATE TRIGGER dead_letter_added AFTER INSERT ON dead_letters
    BEGIN
      UPDATE totals SET value = value + 1 WHERE name = 'dead_letters';
      INSERT INTO dead_letter_counts VALUES (NEW.hook, 1) ON CONFLICT DO UPDATE SET value = value + 1;
    END`
  yield* sql`
    CREATE TRIGGER dead_letter_removed AFTER DELETE ON dead_letters
    BEGIN
      UPDATE totals SET value = value - 1 WHERE name = 'dead_letters';
      UPDATE dead_letter_counts SET value = value - 1 WHERE hook = OLD.hook;
      DELETE FROM deletions WHERE session_id = OLD.session_id AND told = 1 AND NOT EXISTS (
        SELECT 1 FROM dead_letters WHERE session_id = OLD.session_id
      );
    END`
  yield* sql`
    CREATE TRIGGER session_removed_with_dead_letters AFTER DELETE ON sessions
    BEGIN DELETE FROM dead_letters WHERE session_id = OLD.id; END`
})
