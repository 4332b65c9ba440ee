import type { SqlClient } from "@effect/sql/SqlClient"
import type Sqlite from "better-sqlite3"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { SessionId } from "../../../../domain/Ids.js"
import { SessionContext } from "../../../../domain/SessionContext.js"
import type { SessionStore } from "../../../../services/SessionStore.js"
import { decodeRow, firstRow, readRows } from "./rows.js"

/**
 * The column of `contexts` that holds the context.
 */
export const ContextRow = Schema.Struct({ context: Schema.parseJson(SessionContext) })

/**
 * A version of the context, and the `seq` of the last message before it.
 */
export const ContextVersionRow = Schema.Struct({ since: Schema.NonNegativeInt, ...ContextRow.fields })

const encode = Schema.encodeSync(ContextRow)

/**
 * Encodes a context to its column.
 */
export const encodeContext = (context: SessionContext): string => encode({ context }).context

export interface ContextStatements {
  readonly addContext: Sqlite.Statement<[{ key: number; version: number; context: string }]>
  readonly restoreContext: Sqlite.Statement<[{ key: number; version: number; since: number; context: string }]>
  readonly latestContext: Sqlite.Statement<[id: string], object>
}

export const prepareContexts = (db: Sqlite.Database): ContextStatements => ({
  addContext: db.prepare(`
    INSERT INTO contexts (session_key, version, since_seq, context)
    SELECT key, @version, last_seq, @context FROM sessions
    WHERE key = @key AND NOT EXISTS (SELECT 1 FROM contexts WHERE session_key = @key AND version >= @version)`),

  restoreContext: db.prepare(`
    INSERT INTO contexts (session_key, version, since_seq, context) VALUES (@key, @version, @since, @context)`),

  latestContext: db.prepare(`
    SELECT context FROM contexts WHERE session_key = (SELECT key FROM sessions WHERE id = ?)
    ORDER BY version DESC LIMIT 1`)
})

const decodeContexts = decodeRow(Schema.Array(ContextRow))

/**
 * Reads of a session's context, now and at an earlier message.
 */
export const contextQueries = (sql: SqlClient): Pick<SessionStore["Type"], "context" | "contextAt"> => ({
  context: (id) =>
    readRows(sql`
        SELECT context FROM contexts WHERE session_key = (SELECT key FROM sessions WHERE id = ${id})
        ORDER BY version DESC LIMIT 1`).pipe(
      Effect.flatMap(decodeContexts),
      Effect.flatMap(firstRow(id)),
      Effect.map(({ context }) => context)
    ),

  contextAt: (id, seq) =>
    readRows(selectContextAt(sql, id, seq)).pipe(
      Effect.flatMap(decodeContexts),
      Effect.flatMap(firstRow(id)),
      Effect.map(({ context }) => ofSession(id, context))
    )
})

/** A fork reads rows of its origin, which hold the origin's id. */
const ofSession = (sessionId: SessionId, context: SessionContext): SessionContext => ({ ...context, sessionId })

/** The latest context before the message after `seq`, of the session that added that message. */
const selectContextAt = (sql: SqlClient, id: SessionId, seq: number) => {
  const ofNextSegment = (column: string) =>
    sql`
      SELECT ${sql.literal(column)} FROM segments
      WHERE session_key = (SELECT key FROM sessions WHERE id = ${id}) AND NOT rewound AND to_seq > ${seq}
      ORDER BY from_seq LIMIT 1`
  return sql`
    SELECT context FROM contexts
    WHERE session_key = (${ofNextSegment("source_key")})
      AND since_seq < max(${seq} + 1, (${ofNextSegment("from_seq")}))
    ORDER BY version DESC LIMIT 1`
}
