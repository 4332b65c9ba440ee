import type { SqlClient } from "@effect/sql/SqlClient"
import type { SessionId } from "../../../../domain/SessionId.js"

/**
 * How many messages and turns go with a session, and how many of its messages stay with other users.
 */
export const selectFootprint = (sql: SqlClient, id: SessionId) => {
  const sharedBy = (others: string) =>
    sql`EXISTS (
      SELECT 1 FROM segments CROSS JOIN sessions AS other ON other.key = segments.session_key
      WHERE segments.source_key = held.source_key AND segments.to_seq >= held.seq AND segments.from_seq <= held.seq
        AND other.key <> held.key AND ${sql.literal(others)}
    )`
  return sql`
    WITH held AS (
      SELECT sessions.key, sessions.user_id, source_key, messages.seq
      FROM sessions
      CROSS JOIN segments ON segments.session_key = sessions.key
      CROSS JOIN messages ON messages.session_key = source_key AND messages.seq BETWEEN from_seq AND to_seq
      WHERE sessions.id = ${id}
    )
    SELECT
      (SELECT count(*) FROM held WHERE NOT ${sharedBy("true")}) AS messages,
      (SELECT count(*) FROM held WHERE ${sharedBy("other.user_id <> held.user_id")}
        AND NOT ${sharedBy("other.user_id = held.user_id")}) AS shared_messages,
      (SELECT count(*) FROM turns WHERE session_key = sessions.key) AS turns
    FROM sessions WHERE id = ${id}`
}
