import * as SqlClient from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"

/**
 * The full-text index: the words of each message, from `toWords`, under a rowid made of its session's key and its `seq`. The
 * words of a session's name and description have the `seq` 0. The index is contentless, so it does not store the texts again.
 * The tokenizer treats every character outside ASCII as a letter, so it keeps our words as they are.
 *
 * `keepIndexed` writes it after the commits of the messages. It also merges the index, in steps: the merges that FTS5 starts by
 * itself can block the event loop for a tenth of a second.
 */
export default Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient

  yield* sql`
    CREATE VIRTUAL TABLE message_search
    USING fts5 (words, content = '', contentless_delete = 1, tokenize = 'ascii', prefix = '3')`
  yield* sql`INSERT INTO message_search (message_search, rank) VALUES ('automerge', 0)`
  yield* sql`INSERT INTO message_search (message_search, rank) VALUES ('crisismerge', 64)`

  yield* sql`
    CREATE TRIGGER message_removed AFTER DELETE ON messages
    BEGIN DELETE FROM message_search WHERE rowid = OLD.session_key << 31 | OLD.seq; END`
  yield* sql`
    CREATE TRIGGER session_unnamed AFTER DELETE ON sessions
    BEGIN DELETE FROM message_search WHERE rowid = OLD.key << 31; END`
})
