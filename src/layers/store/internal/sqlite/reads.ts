import type { SqlClient } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Arr from "effect/Array"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { MessageNotFound, SessionNotFound } from "../../../../domain/error/SessionError.js"
import type { StoreError } from "../../../../domain/error/StoreError.js"
import { SessionId } from "../../../../domain/Ids.js"
import type { Durability } from "../../../../domain/Store.js"
import type { SessionStore } from "../../../../services/SessionStore.js"
import { messageCursor, pageOf, pageSize, sessionCursor } from "../pages.js"
import { decodeRow, idToColumn, whereTurnIsOpen } from "./columns.js"
import { retryWhileBusy, storeErrorOrDie } from "./errors.js"
import { ContextRow, MessageRow, selectContextAt, selectMessages } from "./history.js"
import { OwnedSessionRow, selectDue, selectFootprint, selectSessions, sessionColumns, SessionRow } from "./sessions.js"
import { TurnRow } from "./turns.js"

const decodeSessions = decodeRow(Schema.Array(SessionRow))
const decodeContexts = decodeRow(Schema.Array(ContextRow))
const decodeMetrics = decodeRow(Schema.Array(OwnedSessionRow.pick("metrics")))
const decodeMessages = decodeRow(Schema.Array(MessageRow))
const decodeTurns = decodeRow(Schema.Array(TurnRow))
const decodeDue = decodeRow(
  Schema.Array(Schema.Struct({ sessionId: SessionId, action: Schema.Literal("archive", "delete") }))
)
const decodeIds = decodeRow(Schema.Array(Schema.Struct({ id: SessionId })))
const decodeFootprints = decodeRow(
  Schema.Array(Schema.Struct({
    messages: Schema.NonNegativeInt,
    sharedMessages: Schema.NonNegativeInt,
    turns: Schema.NonNegativeInt
  }))
)
const decodeSize = decodeRow(
  Schema.Tuple(Schema.Struct({
    sessions: Schema.NonNegativeInt,
    bytes: Schema.NonNegativeInt,
    deadLetters: Schema.NonNegativeInt
  }))
)

/**
 * The operations that only read. Each is one statement, on a connection that sees what is committed.
 */
export const sqliteReads = (
  sql: SqlClient,
  durability: Durability
): Pick<
  SessionStore["Type"],
  | "context"
  | "contextAt"
  | "expiring"
  | "footprint"
  | "get"
  | "health"
  | "list"
  | "message"
  | "messageAt"
  | "messages"
  | "metrics"
  | "resting"
  | "turns"
  | "unfinished"
> => {
  const get = (id: SessionId) =>
    run(sql`SELECT ${sql.literal(sessionColumns)} FROM sessions WHERE id = ${id}`).pipe(
      Effect.flatMap(decodeSessions),
      Effect.flatMap(first(id))
    )

  /** Rows prove that there is the session they belong to; only the lack of them has to be looked into. */
  const ofSession = (id: SessionId, rows: Effect.Effect<ReadonlyArray<object>, StoreError>) =>
    Effect.tap(rows, ({ length }) => Effect.when(exists(id), () => length === 0))

  const exists = (id: SessionId) => Effect.flatMap(run(sql`SELECT 1 FROM sessions WHERE id = ${id}`), first(id))

  return {
    get,

    context: (id) =>
      run(sql`
        SELECT context FROM contexts WHERE session_key = (SELECT key FROM sessions WHERE id = ${id})
        ORDER BY version DESC LIMIT 1`).pipe(
        Effect.flatMap(decodeContexts),
        Effect.flatMap(first(id)),
        Effect.map(({ context }) => context)
      ),

    contextAt: (id, seq) =>
      run(selectContextAt(sql, id, seq)).pipe(
        Effect.flatMap(decodeContexts),
        Effect.flatMap(first(id)),
        // It may be the origin's.
        Effect.map(({ context }) => ({ ...context, sessionId: id }))
      ),

    metrics: (id) =>
      run(sql`SELECT metrics FROM sessions WHERE id = ${id}`).pipe(
        Effect.flatMap(decodeMetrics),
        Effect.flatMap(first(id)),
        Effect.map(({ metrics }) => metrics)
      ),

    list: Effect.fnUntraced(function*(query) {
      const { cursor, limit = pageSize } = query
      const position = cursor && (yield* sessionCursor.decode(cursor))
      const rows = yield* run(selectSessions(sql, query, limit + 1, position))
      return pageOf(
        yield* decodeSessions(rows),
        limit,
        ({ createdAt, id }) => sessionCursor.encode({ createdAt: DateTime.toEpochMillis(createdAt), id })
      )
    }),

    messages: Effect.fnUntraced(function*(id, query) {
      const { cursor, limit = pageSize } = query
      const position = cursor && (yield* messageCursor.decode(cursor))
      const rows = yield* ofSession(id, run(selectMessages(sql, id, query, limit + 1, position)))
      return pageOf(yield* decodeMessages(rows), limit, messageCursor.encode)
    }),

    message: Effect.fnUntraced(function*(id, messageId) {
      const rows = yield* ofSession(
        id,
        run(sql`
          SELECT sessions.id AS session_id, messages.*
          FROM sessions
          CROSS JOIN segments ON segments.session_key = sessions.key
          CROSS JOIN messages ON messages.session_key = source_key AND seq BETWEEN from_seq AND to_seq
          WHERE sessions.id = ${id} AND messages.id = ${idToColumn(messageId)}`)
      )
      const [message] = yield* decodeMessages(rows)
      return message ?? (yield* new MessageNotFound({ sessionId: id, messageId }))
    }),

    messageAt: (id, seq) =>
      ofSession(
        id,
        run(sql`
          SELECT sessions.id AS session_id, messages.*
          FROM sessions
          CROSS JOIN segments ON segments.session_key = sessions.key
          CROSS JOIN messages ON messages.session_key = source_key AND seq BETWEEN from_seq AND to_seq
          WHERE sessions.id = ${id} AND seq = ${seq} AND from_seq <= ${seq} AND to_seq >= ${seq}`)
      ).pipe(
        Effect.flatMap(decodeMessages),
        Effect.map(([message]) => Option.fromNullable(message))
      ),

    turns: (id, limit) =>
      ofSession(
        id,
        run(sql`
          SELECT sessions.id AS session_id, turns.* FROM sessions JOIN turns ON session_key = sessions.key
          WHERE sessions.id = ${id} ORDER BY ordinal DESC LIMIT ${limit}`)
      ).pipe(Effect.flatMap(decodeTurns)),

    unfinished: run(sql`
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

    resting: (before, statuses, limit) =>
      run(sql`
        SELECT id FROM sessions INDEXED BY sessions_by_activity
        WHERE last_activity_at < ${DateTime.toEpochMillis(before)} AND ${sql.in("status", statuses)} AND NOT EXISTS (
          SELECT 1 FROM turns WHERE session_key = sessions.key AND ${sql.literal(whereTurnIsOpen)}
        )
        ORDER BY last_activity_at LIMIT ${limit}`).pipe(
        Effect.flatMap(decodeIds),
        Effect.map(Arr.map(({ id }) => id))
      ),

    footprint: (id) =>
      run(selectFootprint(sql, id)).pipe(
        Effect.flatMap(decodeFootprints),
        Effect.flatMap(first(id))
      ),

    expiring: (now, limit) => Effect.flatMap(run(selectDue(sql, now, limit)), decodeDue),

    health: run(sql`
      SELECT
        (SELECT value FROM totals WHERE name = 'sessions') AS sessions,
        (SELECT value FROM totals WHERE name = 'dead_letters') AS dead_letters,
        (SELECT page_count FROM pragma_page_count) * (SELECT page_size FROM pragma_page_size) AS bytes`).pipe(
      Effect.flatMap(decodeSize),
      Effect.map(([counts]) => ({ name: "sqlite", durability, ok: true, ...counts })),
      Effect.catchTag(
        "StoreError",
        () => Effect.succeed({ name: "sqlite", durability, ok: false, sessions: 0, bytes: 0, deadLetters: 0 })
      )
    )
  }
}

const run = (statement: Effect.Effect<ReadonlyArray<object>, SqlError>) =>
  retryWhileBusy(Effect.catchAll(statement, storeErrorOrDie))

const first = (id: SessionId) => <A>(rows: ReadonlyArray<A>): Effect.Effect<A, SessionNotFound> =>
  Arr.isNonEmptyReadonlyArray(rows) ? Effect.succeed(rows[0]) : new SessionNotFound({ sessionId: id })
