import * as Arr from "effect/Array"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { SessionNotFound } from "../../../../domain/error/SessionError.js"
import { OwnershipLost } from "../../../../domain/error/StoreError.js"
import type { Epoch, SessionId } from "../../../../domain/Ids.js"
import type { SessionChanges } from "../../../../services/SessionChanges.js"
import type { SessionStore } from "../../../../services/SessionStore.js"
import { precedingPlace, storedEvents, warnOfDropped } from "../commitRules.js"
import { ContextRow, type ContextStatements, encodeContext } from "./contexts.js"
import { addDeadLetters, type DeadLetterStatements, DeletionRow } from "./deadLetters.js"
import { addEvents, type EventStatements, eventToRow } from "./events.js"
import type { GroupCommitter } from "./GroupCommitter.js"
import { MessageRow, type MessageStatements, messageToRow } from "./messages.js"
import { addUsage, type RollupStatements, rollupToRow } from "./rollups.js"
import { decodeRow, renameColumns } from "./rows.js"
import { changeSegments, type SegmentStatements } from "./segments.js"
import { OwnedSessionRow, SessionRow, type SessionStatements } from "./sessions.js"
import { TurnRow, type TurnStatements, turnToRow } from "./turns.js"

/** A commit may change every table. */
type CommitStatements =
  & ContextStatements
  & DeadLetterStatements
  & EventStatements
  & MessageStatements
  & RollupStatements
  & SegmentStatements
  & SessionStatements
  & TurnStatements

const decodeSession = decodeRow(OwnedSessionRow)
const decodeContext = decodeRow(ContextRow)
const decodeMessages = decodeRow(Schema.Array(MessageRow))
const decodeTurns = decodeRow(Schema.Array(TurnRow))
const encodeDeletion = Schema.encodeSync(DeletionRow)

/**
 * The writes of a session's owner: `open` raises the epoch, `commit` and `remove` require it. All is encoded before the write
 * begins, so that a transaction only runs statements.
 */
export const ownerOperations = (
  { write }: Pick<GroupCommitter<CommitStatements>, "write">,
  wakeIndex: Effect.Effect<void>
): Pick<SessionStore["Type"], "commit" | "open" | "remove"> => ({
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
      const commit = Effect.flatMap(write(toCommit(id, epoch, changes)), warnOfDropped)
      return changes.messages === undefined ? commit : Effect.zipLeft(commit, wakeIndex)
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
    })
})

const encodeConfig = Schema.encodeSync(SessionRow.fields.config)

/** Encodes the changes and returns the write that stores them. It returns how many dead letters it dropped. */
const toCommit = (id: SessionId, epoch: Epoch, changes: SessionChanges) => {
  const {
    clearMessages = false,
    configuration,
    context,
    cursor,
    deadLetters = [],
    delivered = 0,
    lastActivityAt,
    messages = [],
    metrics,
    rewindTo,
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
  const addLetters = deadLetters.length === 0 ? () => 0 : addDeadLetters(deadLetters)
  return (on: CommitStatements): Either.Either<number, OwnershipLost | SessionNotFound> => {
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
    if (clearMessages || rewindTo !== undefined) {
      changeSegments(on, key, session.last_seq - messages.length, changes)
    }
    for (const row of messageRows) on.addMessage.run(key, row)
    if (contextRow && on.addContext.run({ key, ...contextRow }).changes === 0) {
      throw new Error(
        `Version ${contextRow.version} of the context of session "${id}" is not newer than the stored one`
      )
    }
    for (const row of turnRows) {
      if (on.putTurn.run(key, row).changes === 0) {
        throw new Error(`Turn ${row.ordinal} of session "${id}" has the ordinal of another turn`)
      }
    }
    addEvents(on, key, eventRows)
    addUsage(on, session.user_id, session.tag_set, usageRows)
    return Either.right(addLetters(on))
  }
}

/** Why a commit changed nothing. Throws when its entries do not follow those that are stored, which is a defect of its owner. */
const refuseCommit = (on: SessionStatements, id: SessionId, epoch: Epoch) => {
  const session = on.session.get(id)
  if (session === undefined) return Either.left(new SessionNotFound({ sessionId: id }))
  if (session.owner_epoch !== epoch) return Either.left(new OwnershipLost({ sessionId: id, epoch }))
  throw new Error(`The messages or events of a commit to session "${id}" do not follow those that are stored`)
}
