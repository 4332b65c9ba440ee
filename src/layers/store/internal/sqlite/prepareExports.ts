import type Sqlite from "better-sqlite3"
import { whereTurnIsOpen } from "./whereTurnIsOpen.js"

interface Range {
  readonly id: string
  readonly key: number
  readonly after: number
  readonly limit: number
}

export interface ExportStatements {
  readonly begin: Sqlite.Statement<[]>
  readonly rollback: Sqlite.Statement<[]>
  readonly session: Sqlite.Statement<[id: string], { readonly key: number }>
  readonly messages: Sqlite.Statement<[Range], { readonly rewound: number }>
  readonly endedTurns: Sqlite.Statement<[Range], object>
  readonly contexts: Sqlite.Statement<[{ readonly key: number }], object>
}

/**
 * The statements that read a whole session, on a connection that only reads.
 */
export const prepareExports = (db: Sqlite.Database): ExportStatements => ({
  begin: db.prepare("BEGIN"),
  rollback: db.prepare("ROLLBACK"),

  session: db.prepare(`SELECT * FROM sessions WHERE id = ?`),

  messages: db.prepare(`
    SELECT @id AS session_id, messages.*, rewound
    FROM segments
    CROSS JOIN messages ON messages.session_key = source_key AND seq BETWEEN from_seq AND to_seq
    WHERE segments.session_key = @key AND to_seq > @after AND seq > @after
    ORDER BY from_seq, seq LIMIT @limit`),

  endedTurns: db.prepare(`
    SELECT @id AS session_id, turns.* FROM turns
    WHERE session_key = @key AND ordinal > @after AND NOT ${whereTurnIsOpen}
    ORDER BY ordinal LIMIT @limit`),

  /** Its own, and those that its origins had before the last message which it has from them. */
  contexts: db.prepare(`
    SELECT since_seq AS since, context FROM contexts WHERE session_key = @key
    UNION ALL
    SELECT since_seq, context FROM segments JOIN contexts ON contexts.session_key = source_key AND since_seq < to_seq
    WHERE segments.session_key = @key AND source_key <> @key AND NOT rewound`)
})
