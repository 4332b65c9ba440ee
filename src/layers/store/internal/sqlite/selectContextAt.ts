import type { SqlClient } from "@effect/sql/SqlClient"
import type { SessionId } from "../../../../domain/SessionId.js"

/**
 * The latest context that was there before the message after `seq`, from the session which that message comes from.
 */
export const selectContextAt = (sql: SqlClient, id: SessionId, seq: number) => {
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
