import type { SqlClient } from "@effect/sql/SqlClient"
import * as DateTime from "effect/DateTime"
import type { SessionQuery } from "../../../../domain/SessionQuery.js"
import { sessionColumns } from "./sessionColumns.js"

/** Where a list begins: later than any session. */
const beginning = { createdAt: Number.MAX_SAFE_INTEGER, id: "" }

/**
 * The sessions after `position` that match, newest first. One index brings them in this order, so that a page costs the
 * same wherever it is: that of what narrows the list most, which SQLite cannot know and is told.
 */
export const selectSessions = (
  sql: SqlClient,
  { provider, since, status, tags = [], userId }: SessionQuery,
  limit: number,
  position = beginning
) => {
  const leadingTag = userId === undefined ? tags[0] : undefined
  const index = userId !== undefined
    ? "sessions_by_user"
    : provider !== undefined
    ? "sessions_by_provider"
    : status !== undefined
    ? "sessions_by_status"
    : "sessions_by_creation"
  const place = leadingTag === undefined
    ? {
      rows: sql`sessions INDEXED BY ${sql.literal(index)}`,
      createdAt: sql`sessions.created_at`,
      id: sql`sessions.id`
    }
    : {
      // CROSS JOIN keeps SQLite from turning the two around.
      rows: sql`session_tags AS place CROSS JOIN sessions ON sessions.id = place.session_id`,
      createdAt: sql`place.created_at`,
      id: sql`place.session_id`
    }
  const carries = (tag: string) =>
    sql`EXISTS (SELECT 1 FROM session_tags WHERE session_id = sessions.id AND tag = ${tag})`

  return sql`
    SELECT ${sql.literal(sessionColumns)} FROM ${place.rows}
    WHERE ${
    sql.and([
      sql`(${place.createdAt}, ${place.id}) < (${position.createdAt}, ${position.id})`,
      ...(since ? [sql`${place.createdAt} >= ${DateTime.toEpochMillis(since)}`] : []),
      ...(leadingTag === undefined ? [] : [sql`place.tag = ${leadingTag}`]),
      ...(userId === undefined ? [] : [sql`user_id = ${userId}`]),
      ...(provider === undefined ? [] : [sql`provider = ${provider}`]),
      ...(status === undefined ? [] : [sql`status = ${status}`]),
      ...tags.filter((tag) => tag !== leadingTag).map(carries)
    ])
  }
    ORDER BY ${place.createdAt} DESC, ${place.id} DESC LIMIT ${limit}`
}
