import type { SqlClient } from "@effect/sql/SqlClient"
import * as Arr from "effect/Array"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { camelToSnake } from "effect/String"
import { SessionId } from "../../../../domain/Ids.js"
import type { SessionQuery } from "../../../../domain/Session.js"
import type { SessionStore } from "../../../../services/SessionStore.js"
import { pageBefore, pageSize, sessionCursor } from "../pages.js"
import { bytesOfColumns, decodePage, selectPage } from "./pages.js"
import { decodeRow, firstRow, readRows } from "./rows.js"
import { OwnedSessionRow, SessionRow } from "./sessions.js"
import { whereTurnIsOpen } from "./turns.js"

/**
 * Reads of `sessions`: one session, and lists of sessions.
 */
export const sessionQueries = (
  sql: SqlClient
): Pick<
  SessionStore["Type"],
  "expiring" | "footprint" | "get" | "list" | "metrics" | "idle" | "unfinished"
> => ({
  get: (id) =>
    readRows(sql`SELECT ${sql.literal(sessionColumns)} FROM sessions WHERE id = ${id}`).pipe(
      Effect.flatMap(decodeSessions),
      Effect.flatMap(firstRow(id))
    ),

  metrics: (id) =>
    readRows(sql`SELECT metrics FROM sessions WHERE id = ${id}`).pipe(
      Effect.flatMap(decodeMetrics),
      Effect.flatMap(firstRow(id)),
      Effect.map(({ metrics }) => metrics)
    ),

  list: Effect.fnUntraced(function*(query) {
    const { cursor, limit = pageSize } = query
    const position = cursor && (yield* sessionCursor.decode(cursor))
    const rows = yield* readRows(selectSessions(sql, query, limit + 1, position))
    const { hasMore, items } = yield* decodeSessionPage(rows, limit)
    return pageBefore(
      items,
      hasMore,
      ({ createdAt, id }) => sessionCursor.encode({ createdAt: DateTime.toEpochMillis(createdAt), id })
    )
  }),

  unfinished: readRows(sql`
      SELECT id FROM sessions
      WHERE key IN (
        SELECT session_key FROM turns WHERE ${sql.literal(whereTurnIsOpen)}
        UNION ALL
        SELECT key FROM sessions WHERE delivered < last_event
      )
      ORDER BY key`).pipe(
    Effect.flatMap(decodeIds),
    Effect.map(Arr.map(({ id }) => id))
  ),

  idle: (before, statuses, limit) =>
    readRows(sql`
        SELECT id FROM sessions INDEXED BY sessions_by_activity
        WHERE last_activity_at < ${DateTime.toEpochMillis(before)} AND ${sql.in("status", statuses)} AND NOT EXISTS (
          SELECT 1 FROM turns WHERE session_key = sessions.key AND ${sql.literal(whereTurnIsOpen)}
        )
        ORDER BY last_activity_at LIMIT ${limit}`).pipe(
      Effect.flatMap(decodeIds),
      Effect.map(Arr.map(({ id }) => id))
    ),

  expiring: (now, limit) => Effect.flatMap(readRows(selectExpiring(sql, now, limit)), decodeExpiring),

  footprint: (id) =>
    readRows(selectFootprint(sql, id)).pipe(
      Effect.flatMap(decodeFootprints),
      Effect.flatMap(firstRow(id))
    )
})

const decodeSessions = decodeRow(Schema.Array(SessionRow))
const decodeSessionPage = decodePage(SessionRow)
const decodeMetrics = decodeRow(Schema.Array(OwnedSessionRow.pick("metrics")))
const decodeIds = decodeRow(Schema.Array(Schema.Struct({ id: SessionId })))
const decodeExpiring = decodeRow(
  Schema.Array(Schema.Struct({ sessionId: SessionId, action: Schema.Literal("archive", "delete") }))
)
const decodeFootprints = decodeRow(
  Schema.Array(Schema.Struct({
    messages: Schema.NonNegativeInt,
    sharedMessages: Schema.NonNegativeInt,
    turns: Schema.NonNegativeInt
  }))
)

/** All columns of a `SessionRow`, and not the context, which can be a thousand times as long as the rest. */
const sessionColumns = Object.keys(SessionRow.fields).map((name) => `sessions.${camelToSnake(name)}`).join(", ")

/** The position before the first page: later than any session. */
const beginning = { createdAt: Number.MAX_SAFE_INTEGER, id: "" }

/**
 * The matching sessions after `position`, newest first. One index gives this order, so every page costs the same. The query
 * names the index of the narrowest filter, which SQLite cannot know.
 */
const selectSessions = (
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

  const found = sql`
    SELECT sessions.key AS found_key, ${place.createdAt} AS found_at, ${place.id} AS found_id,
      ${sql.literal(sessionBytes)} AS bytes
    FROM ${place.rows}
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
  return selectPage(sql, {
    found,
    rows: sql`sessions ON sessions.key = found_key`,
    columns: sql.literal(sessionColumns),
    order: "found_at DESC, found_id DESC"
  })
}

/** Ids have at most 64 characters, and all other fields but the long ones take less than 700. */
const sessionBytes = bytesOfColumns(["user_id", "provider", "model", "cursor", "config"], 1024)

/** The sessions to delete or archive, each by its own index. */
const selectExpiring = (sql: SqlClient, now: DateTime.Utc, limit: number) => {
  const millis = DateTime.toEpochMillis(now)
  const isIdle = sql`NOT EXISTS (SELECT 1 FROM turns WHERE session_key = sessions.key AND ${
    sql.literal(whereTurnIsOpen)
  })`
  return sql`
    SELECT id AS session_id, 'delete' AS action FROM sessions
    WHERE delete_after_ms IS NOT NULL AND last_activity_at + delete_after_ms <= ${millis} AND ${isIdle}
    UNION ALL
    SELECT id, 'archive' FROM sessions
    WHERE archive_after_ms IS NOT NULL AND status <> 'archived' AND last_activity_at + archive_after_ms <= ${millis}
      AND (delete_after_ms IS NULL OR last_activity_at + delete_after_ms > ${millis}) AND ${isIdle}
    LIMIT ${limit}`
}

/** How many messages and turns would be removed with a session, and how many of its messages stay with other users. */
const selectFootprint = (sql: SqlClient, id: SessionId) => {
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
