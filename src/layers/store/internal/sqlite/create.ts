import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { SessionNotFound } from "../../../../domain/error/SessionError.js"
import { Epoch } from "../../../../domain/Ids.js"
import { toStartUsage } from "../../../../domain/Rollup.js"
import { hasNameToSearch } from "../../../../domain/SearchWords.js"
import type { SessionInfo } from "../../../../domain/Session.js"
import type { SessionContext } from "../../../../domain/SessionContext.js"
import { emptySessionMetrics } from "../../../../domain/SessionMetrics.js"
import type { SessionStore } from "../../../../services/SessionStore.js"
import { idleLimits } from "../commitRules.js"
import { codes } from "./columns.js"
import { type ContextStatements, encodeContext } from "./contexts.js"
import type { EventStatements } from "./events.js"
import type { GroupCommitter } from "./GroupCommitter.js"
import { addUsage, internTags, type RollupStatements, rollupToRow } from "./rollups.js"
import type { SegmentStatements } from "./segments.js"
import { OwnedSessionRow, type SessionStatements } from "./sessions.js"

/** A new session has one entry in each of these tables. */
type CreateStatements =
  & ContextStatements
  & EventStatements
  & RollupStatements
  & SegmentStatements
  & SessionStatements

/**
 * The writes that add a session: an empty one, or a fork of another. All is encoded before the write begins, so that a
 * transaction only runs statements.
 */
export const createOperations = (
  { write }: Pick<GroupCommitter<CreateStatements>, "write">,
  wakeIndex: Effect.Effect<void>
): Pick<SessionStore["Type"], "create" | "fork"> => ({
  create: (session, context, delivered) =>
    Effect.suspend(() => {
      const add = addSession(session, context, delivered)
      return Effect.zipLeft(write((on) => Either.right(add(on))), wakeIndex)
    }),

  fork: (origin, seq, session, context, delivered) =>
    Effect.suspend(() => {
      const add = addSession(session, context, delivered)
      const fork = write((on) => {
        const from = on.session.get(origin)
        if (from === undefined) return Either.left(new SessionNotFound({ sessionId: origin }))
        if (from.last_seq < seq) throw new Error(`The history of session "${origin}" ends before message ${seq}`)
        return Either.right(add(on, { key: from.key, seq }))
      })
      return Effect.zipLeft(fork, wakeIndex)
    })
})

const encodeSession = Schema.encodeSync(OwnedSessionRow)

/** Encodes a session and returns the write that adds it: on its own, or with the history of an origin up to a `seq`. */
const addSession = (session: SessionInfo, context: SessionContext, delivered: 0 | 1 = 1) => {
  const { archiveAfterMs = null, deleteAfterMs = null } = idleLimits(session.config)
  const row = encodeSession({
    ...session,
    metrics: emptySessionMetrics(session.id),
    lastSeq: 0,
    lastOrdinal: 0,
    lastEvent: 1,
    delivered,
    ownerEpoch: Epoch.make(0)
  })
  const contextRow = { version: context.version, context: encodeContext(context) }
  const tags = Arr.dedupe(session.config.tags ?? [])
  const start = rollupToRow(toStartUsage(session))

  return (on: CreateStatements, origin?: { readonly key: number; readonly seq: number }): void => {
    const seq = origin?.seq ?? 0
    const tagSet = internTags(on, tags)
    // Without a name there is nothing to index: shared messages are indexed under the session that added them.
    const indexedSeq = hasNameToSearch(session.config) ? -1 : seq
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
