import Sqlite from "better-sqlite3"
import * as Effect from "effect/Effect"
import * as Pool from "effect/Pool"
import * as Schema from "effect/Schema"
import { SessionNotFound } from "../../../../domain/error/SessionError.js"
import type { SessionId } from "../../../../domain/Ids.js"
import type { Message } from "../../../../domain/Message.js"
import type { Turn } from "../../../../domain/Turn.js"
import { eventLoopTurn } from "../../../../services/internal/eventLoopTurn.js"
import type { SessionStore } from "../../../../services/SessionStore.js"
import { usefulContexts } from "../usefulContexts.js"
import { ContextVersionRow } from "./contexts.js"
import { retryWhileBusy, storeErrorOrDie } from "./errors.js"
import { MessageRow } from "./messages.js"
import { decodeRow, renameColumns } from "./rows.js"
import { OwnedSessionRow } from "./sessions.js"
import { TurnRow, whereTurnIsOpen } from "./turns.js"

/**
 * Exports sessions, each in one transaction on a connection of its own: it reads one snapshot, however long it takes, and
 * blocks no other work. Idle connections are kept for a minute.
 */
export const exportOperations = Effect.fnUntraced(function*(filename: string) {
  const pool = yield* Pool.makeWithTTL({
    acquire: Effect.acquireRelease(
      open(filename),
      ({ db }) => Effect.sync(() => db.close())
    ),
    min: 0,
    max: maxConnections,
    timeToLive: "1 minute"
  })
  return {
    export: (id) =>
      Effect.flatMap(pool.get, (connection) =>
        Effect.acquireUseRelease(
          attempt(() => connection.begin.run()),
          () => readSession(connection, id),
          () => Effect.ignore(attempt(() => connection.rollback.run()))
        )).pipe(Effect.scoped)
  } satisfies Pick<SessionStore["Type"], "export">
})

interface Range {
  readonly id: string
  readonly key: number
  readonly after: number
  readonly limit: number
}

interface ExportStatements {
  readonly begin: Sqlite.Statement<[]>
  readonly rollback: Sqlite.Statement<[]>
  readonly session: Sqlite.Statement<[id: string], { readonly key: number }>
  readonly messages: Sqlite.Statement<[Range], { readonly rewound: number }>
  readonly endedTurns: Sqlite.Statement<[Range], object>
  readonly contexts: Sqlite.Statement<[{ readonly key: number }], object>
}

/**
 * Prepares the statements that read a whole session, on a read-only connection.
 */
export const prepareExports = (db: Sqlite.Database): ExportStatements => ({
  begin: db.prepare("BEGIN"),
  rollback: db.prepare("ROLLBACK"),

  session: db.prepare(`SELECT * FROM sessions WHERE id = ?`),

  messages: db.prepare(`
    SELECT @id AS session_id, messages.*, rewound
    FROM segments
    CROSS JOIN messages ON messages.session_key = source_key AND seq BETWEEN from_seq AND to_seq
    WHERE segments.session_key = @key AND to_seq > @after AND seq > @after
    ORDER BY from_seq, seq LIMIT @limit`),

  endedTurns: db.prepare(`
    SELECT @id AS session_id, turns.* FROM turns
    WHERE session_key = @key AND ordinal > @after AND NOT ${whereTurnIsOpen}
    ORDER BY ordinal LIMIT @limit`),

  /** The session's own versions, and those of its origins before the last message shared with them. */
  contexts: db.prepare(`
    SELECT since_seq AS since, context FROM contexts WHERE session_key = @key
    UNION ALL
    SELECT since_seq, context FROM segments JOIN contexts ON contexts.session_key = source_key AND since_seq < to_seq
    WHERE segments.session_key = @key AND source_key <> @key AND NOT rewound`)
})

/** Exports that run at the same time. */
const maxConnections = 4

/** Rows read between two turns of the event loop. */
const pageSize = 100

const decodeSession = decodeRow(OwnedSessionRow.omit("cursor", "delivered", "lastEvent", "ownerEpoch"))
const decodeVersions = decodeRow(Schema.Array(ContextVersionRow))
const decodeMessages = decodeRow(Schema.Array(MessageRow))
const decodeTurns = decodeRow(Schema.Array(TurnRow))

const open = (filename: string) =>
  attempt(() => {
    const db = new Sqlite(filename, { readonly: true, fileMustExist: true, timeout: 0 })
    try {
      db.pragma("trusted_schema = OFF")
      db.pragma("cell_size_check = ON")
      return { db, ...prepareExports(db) }
    } catch (error) {
      db.close()
      throw error
    }
  })

const attempt = <A>(run: () => A) => retryWhileBusy(Effect.catchAllDefect(Effect.sync(run), storeErrorOrDie))

const readSession = Effect.fnUntraced(function*(on: ExportStatements, id: SessionId) {
  const found = yield* attempt(() => on.session.get(id))
  if (found === undefined) return yield* new SessionNotFound({ sessionId: id })
  const [row] = renameColumns([found])
  const { lastOrdinal, lastSeq, metrics, ...session } = yield* decodeSession(row)
  const { key } = found

  const messages: Array<Message> = []
  const rewound: Array<Message> = []
  for (let seq = 0, isMore = true; isMore;) {
    const rows = yield* attempt(() => on.messages.all({ id, key, after: seq, limit: pageSize }))
    const page = yield* decodeMessages(renameColumns(rows))
    for (const [index, message] of page.entries()) {
      ;(rows[index]?.rewound === 1 ? rewound : messages).push(message)
      seq = message.seq
    }
    isMore = rows.length === pageSize
    yield* eventLoopTurn
  }

  const turns: Array<Turn> = []
  for (let ordinal = 0, isMore = true; isMore;) {
    const rows = yield* attempt(() => on.endedTurns.all({ id, key, after: ordinal, limit: pageSize }))
    turns.push(...(yield* decodeTurns(renameColumns(rows))))
    ordinal = turns.at(-1)?.ordinal ?? ordinal
    isMore = rows.length === pageSize
    yield* eventLoopTurn
  }

  const versions = yield* decodeVersions(yield* attempt(() => on.contexts.all({ key })))
  return {
    format: "langswarm-session/1" as const,
    session,
    lastSeq,
    lastOrdinal,
    metrics,
    contexts: usefulContexts(id, versions, messages),
    messages,
    rewound,
    turns
  }
})
