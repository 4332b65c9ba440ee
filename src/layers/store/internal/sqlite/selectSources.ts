import type { SqlClient } from "@effect/sql/SqlClient"
import type { TextQuery } from "../../../../domain/TextQuery.js"

/**
 * The keys under which the messages are that a session, or a user's sessions, may show.
 */
export const selectSources = (sql: SqlClient, { sessionId, userId }: TextQuery) =>
  sql`
    SELECT source_key AS key FROM sessions
    CROSS JOIN segments ON segments.session_key = sessions.key AND NOT rewound
    WHERE ${sessionId === undefined ? sql`user_id = ${userId ?? null}` : sql`sessions.id = ${sessionId}`}`
