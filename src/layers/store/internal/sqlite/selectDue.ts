import type { SqlClient } from "@effect/sql/SqlClient"
import * as DateTime from "effect/DateTime"
import { whereTurnIsOpen } from "./whereTurnIsOpen.js"

/**
 * The sessions that are to be deleted or archived, by the two indexes of when that is.
 */
export const selectDue = (sql: SqlClient, now: DateTime.Utc, limit: number) => {
  const millis = DateTime.toEpochMillis(now)
  const rests = sql`NOT EXISTS (SELECT 1 FROM turns WHERE session_key = sessions.key AND ${
    sql.literal(whereTurnIsOpen)
  })`
  return sql`
    SELECT id AS session_id, 'delete' AS action FROM sessions
    WHERE delete_after_ms IS NOT NULL AND last_activity_at + delete_after_ms <= ${millis} AND ${rests}
    UNION ALL
    SELECT id, 'archive' FROM sessions
    WHERE archive_after_ms IS NOT NULL AND status <> 'archived' AND last_activity_at + archive_after_ms <= ${millis}
      AND (delete_after_ms IS NULL OR last_activity_at + delete_after_ms > ${millis}) AND ${rests}
    LIMIT ${limit}`
}
