import * as SqlClient from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"

/**
 * What full-text search is indexed by: for each message its words, as `wordsOf` has them, under the number that its session's
 * key and its `seq` make together; under `seq` 0 those of a session's name and description. The texts are not here a second
 * time. To the tokenizer whatever is not ASCII is a letter, so it takes our words as they are.
 *
 * It is written after the commits that brought the messages, by `keepIndexed`. Merges are made there too, in steps: those
 * that FTS5 makes by itself can hold everything up for a tenth of a second.
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
