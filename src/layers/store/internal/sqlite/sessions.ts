import type { SqlClient } from "@effect/sql/SqlClient"
import type Sqlite from "better-sqlite3"
import * as DateTime from "effect/DateTime"
import * as Schema from "effect/Schema"
import { camelToSnake } from "effect/String"
import { Epoch, SessionId } from "../../../../domain/Ids.js"
import { ProviderCursor } from "../../../../domain/Provider.js"
import { SessionInfo, type SessionQuery } from "../../../../domain/Session.js"
import { SessionConfig } from "../../../../domain/SessionConfig.js"
import { SessionMetrics } from "../../../../domain/SessionMetrics.js"
import { nullable, whereTurnIsOpen } from "./columns.js"
import type { SessionRead } from "./events.js"

/**
 * The columns of `sessions` that a list shows.
 */
export const SessionRow = Schema.Struct({
  ...SessionInfo.fields,
  config: Schema.parseJson(SessionConfig),
  createdAt: Schema.DateTimeUtcFromNumber,
  lastActivityAt: Schema.DateTimeUtcFromNumber,
  cursor: nullable(Schema.parseJson(ProviderCursor)),
  forkedFrom: nullable(Schema.parseJson(Schema.Struct({ sessionId: SessionId, seq: Schema.NonNegativeInt })))
})

/**
 * The whole row of `sessions`.
 */
export const OwnedSessionRow = Schema.Struct({
  ...SessionRow.fields,
  metrics: Schema.parseJson(SessionMetrics),
  lastSeq: Schema.NonNegativeInt,
  lastOrdinal: Schema.NonNegativeInt,
  lastEvent: Schema.NonNegativeInt,
  delivered: Schema.NonNegativeInt,
  ownerEpoch: Epoch
})

type NewSession = typeof OwnedSessionRow.Encoded & {
  /** The next one there is, when null. */
  readonly key: number | bigint | null
  readonly tagSet: number
  readonly archiveAfterMs: number | null
  readonly deleteAfterMs: number | null
  readonly indexedSeq: number
}

interface Advance {
  readonly id: string
  readonly epoch: number
  readonly precedingSeq: number | null
  readonly addedMessages: number
  readonly highestOrdinal: number
  readonly precedingEvent: number | null
  readonly addedEvents: number
  readonly delivered: number
  readonly metrics: string | null
}

export interface SessionStatements {
  readonly addSession: Sqlite.Statement<[NewSession]>
  /** Takes a key that no session has had. */
  readonly reserveKey: Sqlite.Statement<[], { key: number }>
  readonly beginRestoration: Sqlite.Statement<[key: number]>
  readonly restorations: Sqlite.Statement<[], { key: number }>
  readonly endRestoration: Sqlite.Statement<[key: number]>
  readonly addTag: Sqlite.Statement<[{ id: string; tag: string; createdAt: number }]>
  readonly session: Sqlite.Statement<[id: string], SessionRead>
  readonly takeOwnership: Sqlite.Statement<[id: string], object>
  readonly advance: Sqlite.Statement<[Advance], { key: number; last_seq: number; user_id: string; tag_set: number }>
  readonly setStatus: Sqlite.Statement<[status: string, key: number]>
  readonly setLastActivity: Sqlite.Statement<[at: number, key: number]>
  readonly setCursor: Sqlite.Statement<[cursor: string | null, key: number]>
  readonly keepConfiguration: Sqlite.Statement<[{ key: number }]>
  readonly setConfiguration: Sqlite.Statement<[provider: string, model: string, config: string, key: number]>
  readonly removeSession: Sqlite.Statement<[id: string, epoch: number]>
}

/**
 * The statements that make, change and remove sessions.
 */
export const prepareSessions = (db: Sqlite.Database): SessionStatements => ({
  addSession: db.prepare(`
    INSERT INTO sessions (
      key, id, user_id, provider, model, tag_set, status, created_at, last_activity_at, message_count, last_seq, indexed_seq,
      last_ordinal, last_event, delivered, owner_epoch, archive_after_ms, delete_after_ms, metrics, forked_from, cursor,
      config
    ) VALUES (
      @key, @id, @userId, @provider, @model, @tagSet, @status, @createdAt, @lastActivityAt, @messageCount, @lastSeq,
      @indexedSeq, @lastOrdinal, @lastEvent, @delivered, @ownerEpoch, @archiveAfterMs, @deleteAfterMs, @metrics,
      @forkedFrom, @cursor, @config
    )`),

  reserveKey: db.prepare(`UPDATE sqlite_sequence SET seq = seq + 1 WHERE name = 'sessions' RETURNING seq AS key`),
  beginRestoration: db.prepare(`INSERT INTO restorations (key) VALUES (?)`),
  restorations: db.prepare(`SELECT key FROM restorations`),
  endRestoration: db.prepare(`DELETE FROM restorations WHERE key = ?`),

  addTag: db.prepare(`
    INSERT INTO session_tags (session_id, tag, created_at) VALUES (@id, @tag, @createdAt)`),

  session: db.prepare(`
    SELECT * FROM sessions WHERE id = ?`),

  takeOwnership: db.prepare(`
    UPDATE sessions SET owner_epoch = owner_epoch + 1 WHERE id = ? RETURNING *`),

  /** The fence: changes nothing, and answers nothing, for an owner that is no longer one, or has lost count. */
  advance: db.prepare(`
    UPDATE sessions SET
      last_seq = last_seq + @addedMessages,
      message_count = message_count + @addedMessages,
      last_ordinal = max(last_ordinal, @highestOrdinal),
      last_event = last_event + @addedEvents,
      delivered = max(delivered, @delivered),
      metrics = coalesce(@metrics, metrics)
    WHERE id = @id AND owner_epoch = @epoch AND last_seq = coalesce(@precedingSeq, last_seq)
      AND last_event = coalesce(@precedingEvent, last_event) AND last_event + @addedEvents >= @delivered
    RETURNING key, last_seq, user_id, tag_set`),

  // Two of their own, since to name an indexed column is to write its index again.
  setStatus: db.prepare(`UPDATE sessions SET status = ? WHERE key = ?`),
  setLastActivity: db.prepare(`UPDATE sessions SET last_activity_at = ? WHERE key = ?`),

  setCursor: db.prepare(`UPDATE sessions SET cursor = ? WHERE key = ?`),

  /** Keeps, for `SessionCreated`, what the first change of a session's configuration is about to replace. */
  keepConfiguration: db.prepare(`
    UPDATE events SET detail = (
      SELECT json_object('provider', provider, 'model', model, 'config', config) FROM sessions WHERE key = @key
    ) WHERE session_key = @key AND number = 1 AND detail IS NULL`),

  setConfiguration: db.prepare(`UPDATE sessions SET provider = ?, model = ?, config = ? WHERE key = ?`),

  removeSession: db.prepare(`DELETE FROM sessions WHERE id = ? AND owner_epoch = ?`)
})

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

/**
 * What to select for a `SessionRow`: all but the context, which can be a thousand times as long as the rest.
 */
export const sessionColumns = Object.keys(SessionRow.fields).map((name) => `sessions.${camelToSnake(name)}`).join(", ")

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
