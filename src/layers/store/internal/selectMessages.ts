import type { SqlClient } from "@effect/sql/SqlClient"
import * as DateTime from "effect/DateTime"
import type { MessageQuery } from "../../../domain/MessageQuery.js"
import type { SessionId } from "../../../domain/SessionId.js"

/**
 * The messages after `position` that match, by `seq`. A role is looked for along the primary key: an index for it makes
 * the database a tenth larger, and SQLite prefers the key even then.
 */
export const selectMessages = (
  sql: SqlClient,
  id: SessionId,
  { order = "oldest", role, since }: MessageQuery,
  limit: number,
  position = { seq: order === "oldest" ? 0 : Number.MAX_SAFE_INTEGER }
) =>
  sql`
    SELECT * FROM messages
    WHERE ${
    sql.and([
      sql`session_id = ${id}`,
      order === "oldest" ? sql`seq > ${position.seq}` : sql`seq < ${position.seq}`,
      ...(role === undefined ? [] : [sql`role = ${role}`]),
      ...(since ? [storedSince(sql, id, DateTime.toEpochMillis(since))] : [])
    ])
  }
    ORDER BY seq ${sql.literal(order === "oldest" ? "ASC" : "DESC")} LIMIT ${limit}`

/** The index by time finds where to begin; from there each is looked at, since a clock may have been set back meanwhile. */
const storedSince = (sql: SqlClient, id: SessionId, since: number) =>
  sql`created_at >= ${since} AND seq >= (
    SELECT min(seq) FROM messages INDEXED BY messages_by_creation WHERE session_id = ${id} AND created_at >= ${since}
  )`
