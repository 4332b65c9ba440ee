import { SqlClient } from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"

/**
 * Completes a database whose first migration was an earlier form of today's: before it was released, that one was edited to
 * count messages, to record restorations and to index messages for search. Adds what such a database lacks, and fills it from
 * its rows, so that the later migrations find what they expect.
 */
export const completeEarlierForm = Effect.gen(function*() {
  const sql = yield* SqlClient
  const has = (name: string) =>
    Effect.map(sql`SELECT 1 FROM sqlite_schema WHERE name = ${name}`, ([found]) => found !== undefined)
  if (!(yield* has("sessions_unindexed"))) yield* addIndexedSeq
  if (!(yield* has("restorations"))) {
    yield* sql`CREATE TABLE restorations (key INTEGER PRIMARY KEY) STRICT`
    yield* sql`
      INSERT INTO sqlite_sequence SELECT 'sessions', 0
      WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'sessions')`
  }
  if (!(yield* has("message_added"))) yield* countMessages
})

/** Makes the table again, since a new column can only be the last one, and then adds what belongs to it. */
const addIndexedSeq = Effect.gen(function*() {
  const sql = yield* SqlClient
  const belonging = yield* sql<{ sql: string }>`
    SELECT sql FROM sqlite_schema WHERE tbl_name = 'sessions' AND type IN ('index', 'trigger') AND sql IS NOT NULL`
  yield* sql`CREATE TABLE earlier_sessions AS SELECT * FROM sessions`
  yield* sql`CREATE TABLE earlier_sequence AS SELECT seq FROM sqlite_sequence WHERE name = 'sessions'`
  yield* sql`DROP TABLE sessions`
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
  // -1: neither the name nor a message is indexed.
  yield* sql`
    INSERT INTO sessions
    SELECT
      key, id, user_id, provider, model, tag_set, status, created_at, last_activity_at, message_count, last_seq, -1,
      last_ordinal, last_event, delivered, owner_epoch, archive_after_ms, delete_after_ms, metrics, forked_from, cursor,
      config
    FROM earlier_sessions ORDER BY key`
  // The keys of removed sessions are never used again. Dropping the table has dropped what said so.
  yield* sql`DELETE FROM sqlite_sequence WHERE name = 'sessions'`
  yield* sql`INSERT INTO sqlite_sequence SELECT 'sessions', coalesce(max(seq), 0) FROM earlier_sequence`
  yield* sql`DROP TABLE earlier_sequence`
  yield* sql`DROP TABLE earlier_sessions`
  for (const each of belonging) yield* sql.unsafe(each.sql)
  yield* sql`CREATE INDEX sessions_unindexed ON sessions (key) WHERE indexed_seq < last_seq`
})

const countMessages = Effect.gen(function*() {
  const sql = yield* SqlClient
  yield* sql`INSERT INTO totals SELECT 'messages', count(*) FROM messages`
  yield* sql`
    CREATE TRIGGER message_added AFTER INSERT ON messages
    BEGIN UPDATE totals SET value = value + 1 WHERE name = 'messages'; END`
  yield* sql`
    CREATE TRIGGER message_gone AFTER DELETE ON messages
    BEGIN UPDATE totals SET value = value - 1 WHERE name = 'messages'; END`
})
