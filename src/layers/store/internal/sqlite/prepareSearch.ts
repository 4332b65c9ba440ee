import type Sqlite from "better-sqlite3"

export interface Unindexed {
  readonly key: number
  readonly indexed_seq: number
  readonly last_seq: number
  readonly name: string | null
  readonly description: string | null
}

interface Place {
  readonly key: number
  readonly seq: number
  readonly words: string
}

export interface SearchStatements {
  readonly lastUnindexed: Sqlite.Statement<[], { key: number | null }>
  readonly unindexed: Sqlite.Statement<[{ after: number; until: number; limit: number }], Unindexed>
  readonly unindexedMessages: Sqlite.Statement<
    [{ key: number; after: number; until: number }],
    { seq: number; parts: string }
  >
  readonly indexMessage: Sqlite.Statement<[Place]>
  readonly indexName: Sqlite.Statement<[Omit<Place, "seq">]>
  readonly setIndexed: Sqlite.Statement<[{ key: number; seq: number }]>
  readonly mergeIndex: Sqlite.Statement<[pages: number]>
  readonly totalChanges: Sqlite.Statement<[], { changes: number }>
}

/**
 * The statements that keep up what full-text search is indexed by. What is gone by the time it is to be indexed is left out.
 */
export const prepareSearch = (db: Sqlite.Database): SearchStatements => ({
  lastUnindexed: db.prepare(`
    SELECT max(key) AS key FROM sessions INDEXED BY sessions_unindexed WHERE indexed_seq < last_seq`),

  unindexed: db.prepare(`
    SELECT key, indexed_seq, last_seq, json_extract(config, '$.name') AS name,
      json_extract(config, '$.description') AS description
    FROM sessions INDEXED BY sessions_unindexed
    WHERE indexed_seq < last_seq AND key > @after AND key <= @until ORDER BY key LIMIT @limit`),

  unindexedMessages: db.prepare(`
    SELECT seq, parts FROM messages WHERE session_key = @key AND seq > @after AND seq <= @until ORDER BY seq`),

  indexMessage: db.prepare(`
    INSERT INTO message_search (rowid, words) SELECT @key << 31 | @seq, @words
    WHERE EXISTS (SELECT 1 FROM messages WHERE session_key = @key AND seq = @seq)`),

  indexName: db.prepare(`
    INSERT INTO message_search (rowid, words) SELECT @key << 31, @words
    WHERE EXISTS (SELECT 1 FROM sessions WHERE key = @key)`),

  setIndexed: db.prepare(`UPDATE sessions SET indexed_seq = @seq WHERE key = @key`),

  mergeIndex: db.prepare(`INSERT INTO message_search (message_search, rank) VALUES ('merge', ?)`),

  totalChanges: db.prepare(`SELECT total_changes() AS changes`)
})
