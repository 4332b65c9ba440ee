import Sqlite from "better-sqlite3"
import * as Effect from "effect/Effect"
import * as Pool from "effect/Pool"
import * as Schema from "effect/Schema"
import { SessionNotFound } from "../../../../domain/error/SessionNotFound.js"
import type { Message } from "../../../../domain/Message.js"
import type { SessionId } from "../../../../domain/SessionId.js"
import type { Turn } from "../../../../domain/Turn.js"
import { eventLoopTurn } from "../../../../services/internal/eventLoopTurn.js"
import type { SessionStore } from "../../../../services/SessionStore.js"
import { knownContexts } from "../knownContexts.js"
import { decodeRow } from "./decodeRow.js"
import { MessageRow } from "./MessageRow.js"
import { OwnedSessionRow } from "./OwnedSessionRow.js"
import { type ExportStatements, prepareExports } from "./prepareExports.js"
import { renameColumns } from "./renameColumns.js"
import { retryWhileBusy } from "./retryWhileBusy.js"
import { storeErrorOrDie } from "./storeErrorOrDie.js"
import { TurnRow } from "./TurnRow.js"
import { VersionRow } from "./VersionRow.js"

/** Exports that are read at once. */
const maxConnections = 4

/** Rows that are read in one go; then others have their turn. */
const pageSize = 100

const decodeSession = decodeRow(OwnedSessionRow.omit("cursor", "delivered", "lastEvent", "ownerEpoch"))
const decodeVersions = decodeRow(Schema.Array(VersionRow))
const decodeMessages = decodeRow(Schema.Array(MessageRow))
const decodeTurns = decodeRow(Schema.Array(TurnRow))

/**
 * Reads whole sessions, each in one transaction on a connection of its own: what it sees is what was committed when it began,
 * for as long as it takes, and nobody waits for it. Connections are kept for a minute.
 */
export const sqliteExports = Effect.fnUntraced(function*(filename: string) {
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
    contexts: knownContexts(id, versions, messages),
    messages,
    rewound,
    turns
  }
})
