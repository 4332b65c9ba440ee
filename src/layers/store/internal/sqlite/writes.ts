import * as Arr from "effect/Array"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { usageOfStart } from "../../../../domain/Analytics.js"
import { SessionNotFound } from "../../../../domain/error/SessionError.js"
import { OwnershipLost } from "../../../../domain/error/StoreError.js"
import { Epoch, type SessionId } from "../../../../domain/Ids.js"
import type { SessionInfo } from "../../../../domain/Session.js"
import type { SessionContext } from "../../../../domain/SessionContext.js"
import { empty } from "../../../../domain/SessionMetrics.js"
import type { SessionStore } from "../../../../services/SessionStore.js"
import { precedingPlace, restLimits, storedEvents, warnOfForgotten } from "../commitRules.js"
import { nameToSearch } from "../searchable.js"
import { codes, decodeRow, renameColumns } from "./columns.js"
import { addDeadLetters, DeletionRow } from "./deadLetters.js"
import { addEvents, eventToRow } from "./events.js"
import type { GroupCommitter } from "./GroupCommitter.js"
import { changeSegments, ContextRow, encodeContext, MessageRow, messageToRow } from "./history.js"
import { encodeRecord, restoreSession } from "./restore.js"
import { addUsage, internTags, rollupToRow } from "./rollups.js"
import { OwnedSessionRow, SessionRow } from "./sessions.js"
import type { Statements } from "./statements.js"
import { TurnRow, turnToRow } from "./turns.js"

const encodeSession = Schema.encodeSync(OwnedSessionRow)

/**
 * Encodes a session, and answers what writes it: on its own, or with the history that it shares with an origin up to a `seq`.
 */
export const addSession = (session: SessionInfo, context: SessionContext, delivered: 0 | 1 = 1) => {
  const { archiveAfterMs = null, deleteAfterMs = null } = restLimits(session.config)
  const row = encodeSession({
    ...session,
    metrics: empty(session.id),
    lastSeq: 0,
    lastOrdinal: 0,
    lastEvent: 1,
    delivered,
    ownerEpoch: Epoch.make(0)
  })
  const contextRow = { version: context.version, context: encodeContext(context) }
  const isNamed = nameToSearch(session.config.name, session.config.description) !== ""
  const tags = Arr.dedupe(session.config.tags ?? [])
  const start = rollupToRow(usageOfStart(session))

  return (on: Statements, origin?: { readonly key: number; readonly seq: number }): void => {
    const seq = origin?.seq ?? 0
    const tagSet = internTags(on, tags)
    // Without a name there is nothing to index: what it shares is indexed for the session that said it.
    const indexedSeq = isNamed ? -1 : seq
    const key = Number(
      on.addSession.run({ ...row, key: null, tagSet, lastSeq: seq, indexedSeq, archiveAfterMs, deleteAfterMs })
        .lastInsertRowid
    )
    for (const tag of tags) on.addTag.run({ id: row.id, tag, createdAt: row.createdAt })
    if (origin) on.shareSegments.run({ key, origin: origin.key, seq })
    on.openSegment.run({ key, from: seq + 1 })
    const messages = on.recount.get(key)?.message_count ?? 0
    on.addContext.run({ key, ...contextRow })
    on.addEvent.run(key, 1, codes.event.SessionCreated, row.createdAt, messages, null)
    addUsage(on, row.userId, tagSet, [start])
  }
}

/**
 * Why a commit was not let through. Throws when its owner has lost count.
 */
export const refuseCommit = (on: Statements, id: SessionId, epoch: Epoch) => {
  const session = on.session.get(id)
  if (session === undefined) return Either.left(new SessionNotFound({ sessionId: id }))
  if (session.owner_epoch !== epoch) return Either.left(new OwnershipLost({ sessionId: id, epoch }))
  throw new Error(`A commit to session "${id}" does not go on where its messages and its events end`)
}

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
