import * as Arr from "effect/Array"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { OwnershipLost } from "../../../../domain/error/OwnershipLost.js"
import { SessionNotFound } from "../../../../domain/error/SessionNotFound.js"
import type { SessionStore } from "../../../../services/SessionStore.js"
import { precedingPlace } from "../precedingPlace.js"
import { storedEvents } from "../storedEvents.js"
import { warnOfForgotten } from "../warnOfForgotten.js"
import { addDeadLetters } from "./addDeadLetters.js"
import { addEvents } from "./addEvents.js"
import { addSession } from "./addSession.js"
import { addUsage } from "./addUsage.js"
import { changeSegments } from "./changeSegments.js"
import { ContextRow } from "./ContextRow.js"
import { decodeRow } from "./decodeRow.js"
import { DeletionRow } from "./DeletionRow.js"
import { encodeContext } from "./encodeContext.js"
import { encodeRecord } from "./encodeRecord.js"
import { eventToRow } from "./eventToRow.js"
import type { GroupCommitter } from "./GroupCommitter.js"
import { MessageRow } from "./MessageRow.js"
import { messageToRow } from "./messageToRow.js"
import { OwnedSessionRow } from "./OwnedSessionRow.js"
import type { Statements } from "./prepareStatements.js"
import { refuseCommit } from "./refuseCommit.js"
import { renameColumns } from "./renameColumns.js"
import { restoreSession } from "./restoreSession.js"
import { rollupToRow } from "./rollupToRow.js"
import { SessionRow } from "./SessionRow.js"
import { TurnRow } from "./TurnRow.js"
import { turnToRow } from "./turnToRow.js"

const decodeSession = decodeRow(OwnedSessionRow)
const decodeContext = decodeRow(ContextRow)
const decodeMessages = decodeRow(Schema.Array(MessageRow))
const decodeTurns = decodeRow(Schema.Array(TurnRow))

const encodeDeletion = Schema.encodeSync(DeletionRow)
const encodeConfig = Schema.encodeSync(SessionRow.fields.config)

/**
 * The operations that change something. All is encoded before a write begins, so that a transaction only runs statements.
 */
export const sqliteWrites = (
  { write }: GroupCommitter<Statements>
): Pick<SessionStore["Type"], "commit" | "create" | "fork" | "open" | "remove" | "removeUsageOf" | "restore"> => ({
  create: (session, context, delivered) =>
    Effect.suspend(() => {
      const add = addSession(session, context, delivered)
      return write((on) => Either.right(add(on)))
    }),

  fork: (origin, seq, session, context, delivered) =>
    Effect.suspend(() => {
      const add = addSession(session, context, delivered)
      return write((on) => {
        const from = on.session.get(origin)
        if (from === undefined) return Either.left(new SessionNotFound({ sessionId: origin }))
        if (from.last_seq < seq) throw new Error(`The history of session "${origin}" has not come to ${seq}`)
        return Either.right(add(on, { key: from.key, seq }))
      })
    }),

  open: Effect.fnUntraced(function*(id, window) {
    const rows = yield* write((on) => {
      const session = on.takeOwnership.get(id)
      return session
        ? Either.right({
          session,
          context: on.latestContext.get(id),
          messages: on.latestMessages.all(id, window),
          turns: on.openTurns.all(id)
        })
        : Either.left(new SessionNotFound({ sessionId: id }))
    })
    const [row] = renameColumns([rows.session])
    const { delivered, lastEvent, lastOrdinal, lastSeq, metrics, ownerEpoch, ...session } = yield* decodeSession(row)
    const { context } = yield* decodeContext(rows.context)
    const latest = yield* decodeMessages(renameColumns(rows.messages))
    const openTurns = yield* decodeTurns(renameColumns(rows.turns))
    return {
      epoch: ownerEpoch,
      session,
      context,
      metrics,
      lastSeq,
      lastOrdinal,
      lastEvent,
      delivered,
      window: Arr.reverse(latest),
      openTurns
    }
  }),

  commit: (id, epoch, changes) =>
    Effect.suspend(() => {
      const {
        configuration,
        context,
        cursor,
        deadLetters = [],
        delivered = 0,
        lastActivityAt,
        messages = [],
        metrics,
        status,
        turns = [],
        usage = []
      } = changes
      const events = storedEvents(id, changes)
      const advance = {
        id,
        epoch,
        precedingSeq: precedingPlace(id, messages, ({ seq }) => seq) ?? null,
        addedMessages: messages.length,
        highestOrdinal: Math.max(0, ...turns.map(({ ordinal }) => ordinal)),
        precedingEvent: precedingPlace(id, events, ({ number }) => number) ?? null,
        addedEvents: events.length,
        delivered,
        metrics: metrics ? JSON.stringify(metrics) : null
      }
      const config = configuration ? encodeConfig(configuration.config) : ""
      const contextRow = context && { version: context.version, context: encodeContext(context) }
      const messageRows = messages.map((message) => messageToRow(message))
      const turnRows = turns.map((turn) => turnToRow(turn))
      const ordinals = new Map(turns.map(({ id, ordinal }) => [id, ordinal]))
      const eventRows = events.map((event) => eventToRow(event, ordinals))
      const usageRows = usage.map((entry) => rollupToRow(entry))
      const addLetters = addDeadLetters(deadLetters)
      const commit = write((on): Either.Either<number, OwnershipLost | SessionNotFound> => {
        const session = on.advance.get(advance)
        if (session === undefined) return refuseCommit(on, id, epoch)
        const { key } = session
        if (status) on.setStatus.run(status, key)
        if (cursor !== undefined) on.setCursor.run(cursor && JSON.stringify(cursor), key)
        if (configuration) {
          on.keepConfiguration.run({ key })
          on.setConfiguration.run(configuration.provider, configuration.model, config, key)
        }
        if (lastActivityAt) on.setLastActivity.run(DateTime.toEpochMillis(lastActivityAt), key)
        changeSegments(on, key, session.last_seq - messages.length, changes)
        for (const row of messageRows) on.addMessage.run(key, row)
        if (contextRow && on.addContext.run({ key, ...contextRow }).changes === 0) {
          throw new Error(`Version ${contextRow.version} of session "${id}" is not a new one`)
        }
        for (const row of turnRows) {
          if (on.putTurn.run(key, row).changes === 0) {
            throw new Error(`Turn ${row.ordinal} of session "${id}" is another one`)
          }
        }
        addEvents(on, key, eventRows)
        addUsage(on, session.user_id, session.tag_set, usageRows)
        return Either.right(addLetters(on))
      })
      return Effect.flatMap(commit, warnOfForgotten)
    }),

  remove: (id, epoch, deletion) =>
    Effect.suspend(() => {
      const deletionRow = deletion && encodeDeletion(deletion)
      return write((on) => {
        if (on.removeSession.run(id, epoch).changes === 1) {
          if (deletionRow) on.addDeletion.run(deletionRow)
          return Either.void
        }
        return on.session.get(id) === undefined
          ? Either.void
          : Either.left(new OwnershipLost({ sessionId: id, epoch }))
      })
    }),

  removeUsageOf: (userId) =>
    write((on) => {
      const days = on.userDays.get(userId)?.days ?? 0
      on.removeUserRollups.run(userId)
      return Either.right(days)
    }),

  restore: (record, usage, delivered) =>
    Effect.flatMap(encodeRecord(record, usage, delivered), (rows) => restoreSession({ write }, rows))
})
