import type { SqlClient } from "@effect/sql/SqlClient"
import * as DateTime from "effect/DateTime"
import type { MessageQuery } from "../../../domain/MessageQuery.js"
import type { SessionId } from "../../../domain/SessionId.js"

/**
 * The messages after `position` that match, by `seq`. What else they must match is looked for along the primary key: an
 * index for it would be written with each message, to be read seldom.
 */
export const selectMessages = (
  sql: SqlClient,
  id: SessionId,
  { order = "oldest", role, since }: MessageQuery,
  limit: number,
  position = { seq: order === "oldest" ? 0 : Number.MAX_SAFE_INTEGER }
) =>
  sql`
    SELECT sessions.id AS session_id, messages.* FROM sessions JOIN messages ON session_key = key
    WHERE ${
    sql.and([
      sql`sessions.id = ${id}`,
      order === "oldest" ? sql`seq > ${position.seq}` : sql`seq < ${position.seq}`,
      ...(role === undefined ? [] : [sql`role = ${role}`]),
      ...(since ? [sql`messages.created_at >= ${DateTime.toEpochMillis(since)}`] : [])
    ])
  }
    ORDER BY seq ${sql.literal(order === "oldest" ? "ASC" : "DESC")} LIMIT ${limit}`
