import { defaultTransforms } from "@effect/sql/Statement"
import * as Arr from "effect/Array"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { snakeToCamel } from "effect/String"
import { Epoch } from "../../../domain/Epoch.js"
import { OwnershipLost } from "../../../domain/error/OwnershipLost.js"
import { SessionNotFound } from "../../../domain/error/SessionNotFound.js"
import type { SessionId } from "../../../domain/SessionId.js"
import { empty } from "../../../domain/SessionMetrics.js"
import type { SessionStore } from "../../../services/SessionStore.js"
import { decodeRow } from "./decodeRow.js"
import type { GroupCommitter } from "./GroupCommitter.js"
import { MessageRow } from "./MessageRow.js"
import { messageToRow } from "./messageToRow.js"
import { OwnedSessionRow } from "./OwnedSessionRow.js"
import { precedingSeq } from "./precedingSeq.js"
import type { Statements } from "./prepareStatements.js"
import { TurnRow } from "./TurnRow.js"
import { turnToRow } from "./turnToRow.js"

/** Sessions that one transaction of a cleanup removes, so that a large one does not hold up the event loop. */
const cleanupSize = 200

const encodeSession = Schema.encodeSync(OwnedSessionRow)
const encodeContext = Schema.encodeSync(OwnedSessionRow.fields.context)

const decodeSession = decodeRow(OwnedSessionRow)
const decodeMessages = decodeRow(Schema.Array(MessageRow))
const decodeTurns = decodeRow(Schema.Array(TurnRow))
const renameColumns = defaultTransforms(snakeToCamel).array

/**
 * The operations that change something. All is encoded before a write begins, so that a transaction only runs statements.
 */
export const sqliteWrites = (
  { write }: GroupCommitter<Statements>
): Pick<SessionStore["Type"], "cleanup" | "commit" | "create" | "open" | "remove"> => ({
  create: (session, context) =>
    Effect.suspend(() => {
      const row = encodeSession({
        ...session,
        context,
        metrics: empty(session.id),
        lastSeq: 0,
        lastOrdinal: 0,
        ownerEpoch: Epoch.make(0)
      })
      const tags = Arr.dedupe(session.config.tags ?? [])
      return write((on) => {
        on.addSession.run(row)
        for (const tag of tags) on.addTag.run({ id: row.id, tag, createdAt: row.createdAt })
        return Either.void
      })
    }),

  open: Effect.fnUntraced(function*(id, window) {
    const rows = yield* write((on) => {
      const session = on.takeOwnership.get(id)
      return session
        ? Either.right({ session, messages: on.latestMessages.all(id, window), turns: on.openTurns.all(id) })
        : Either.left(new SessionNotFound({ sessionId: id }))
    })
    const [row] = renameColumns([rows.session])
    const { context, lastOrdinal, lastSeq, metrics, ownerEpoch, ...session } = yield* decodeSession(row)
    const latest = yield* decodeMessages(renameColumns(rows.messages))
    const openTurns = yield* decodeTurns(renameColumns(rows.turns))
    return {
      epoch: ownerEpoch,
      session,
      context,
      metrics,
      lastSeq,
      lastOrdinal,
      window: Arr.reverse(latest),
      openTurns
    }
  }),

  commit: (id, epoch, changes) =>
    Effect.suspend(() => {
      const { clearMessages = false, context, lastActivityAt, messages = [], metrics, status, turns = [] } = changes
      const advance = {
        id,
        epoch,
        precedingSeq: precedingSeq(id, messages) ?? null,
        addedMessages: messages.length,
        clearsMessages: Number(clearMessages),
        highestOrdinal: Math.max(0, ...turns.map(({ ordinal }) => ordinal)),
        metrics: metrics ? JSON.stringify(metrics) : null,
        context: context ? encodeContext(context) : null
      }
      const messageRows = messages.map((message) => messageToRow(message))
      const turnRows = turns.map((turn) => turnToRow(turn))
      return write((on): Either.Either<void, OwnershipLost | SessionNotFound> => {
        const session = on.advance.get(advance)
        if (session === undefined) return refuse(on, id, epoch)
        const { key } = session
        if (status) on.setStatus.run(status, key)
        if (lastActivityAt) on.setLastActivity.run(DateTime.toEpochMillis(lastActivityAt), key)
        if (clearMessages) on.clearMessages.run(key)
        for (const row of messageRows) on.addMessage.run(key, row)
        for (const row of turnRows) {
          if (on.putTurn.run(key, row).changes === 0) {
            throw new Error(`Turn ${row.ordinal} of session "${id}" is another one`)
          }
        }
        return Either.void
      })
    }),

  remove: (id, epoch) =>
    write((on) =>
      on.removeSession.run(id, epoch).changes === 1 || on.ownerOf.get(id) === undefined
        ? Either.void
        : Either.left(new OwnershipLost({ sessionId: id, epoch }))
    ),

  cleanup: (before, status) => {
    const range = { before: DateTime.toEpochMillis(before), status: status ?? null, limit: cleanupSize }
    const removeSome = write((on) => Either.right(on.removeResting.run(range).changes))
    const removeAll = (removed: number): ReturnType<SessionStore["Type"]["cleanup"]> =>
      Effect.flatMap(
        removeSome,
        (some) => some < cleanupSize ? Effect.succeed(removed + some) : removeAll(removed + some)
      )
    return removeAll(0)
  }
})

/** Why a commit was not let through. */
const refuse = (on: Statements, id: SessionId, epoch: Epoch) => {
  const owner = on.ownerOf.get(id)
  if (owner === undefined) return Either.left(new SessionNotFound({ sessionId: id }))
  if (owner.owner_epoch !== epoch) return Either.left(new OwnershipLost({ sessionId: id, epoch }))
  throw new Error(`The messages of a commit to session "${id}" do not begin where its history ends`)
}
