import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { StoreError } from "../../../../domain/error/StoreError.js"
import { eventLoopTurn } from "../../../../services/internal/eventLoopTurn.js"
import { addUsage } from "./addUsage.js"
import { codes } from "./codes.js"
import { dropRestorations } from "./dropRestorations.js"
import type { RecordRows } from "./encodeRecord.js"
import type { GroupCommitter } from "./GroupCommitter.js"
import { internTags } from "./internTags.js"
import type { Statements } from "./prepareStatements.js"

/** Messages that one transaction takes, so that a long history does not hold up the event loop. */
const atOnce = 250

/**
 * Writes a session with all that belongs to it. Answers false, and leaves nothing, when there is one of its id.
 *
 * The messages of a long one come first, in several transactions, under a key that no session has: without a session nobody
 * sees them. The last transaction adds the session, and with it all else.
 */
export const restoreSession = (
  { write }: Pick<GroupCommitter<Statements>, "write">,
  rows: RecordRows
): Effect.Effect<boolean, StoreError> => {
  if (rows.messages.length <= atOnce) return write((on) => Either.right(addRestored(on, rows, null, rows.messages)))
  const [last = [], ...others] = Arr.chunksOf(rows.messages, atOnce).toReversed()
  return Effect.acquireUseRelease(
    write((on) => Either.right(on.session.get(rows.session.id) ? undefined : beginRestoration(on))),
    (key) =>
      key === undefined ? Effect.succeed(false) : Effect.zipRight(
        Effect.forEach(
          others,
          (messages) =>
            Effect.zipLeft(
              write((on) => {
                for (const message of messages) on.addMessage.run(key, message)
                return Either.void
              }),
              eventLoopTurn
            ),
          { discard: true }
        ),
        write((on) => Either.right(addRestored(on, rows, key, last)))
      ),
    (key, exit) =>
      key === undefined || (exit._tag === "Success" && exit.value)
        ? Effect.void
        : Effect.ignore(dropRestorations({ write }, key))
  )
}

const beginRestoration = (on: Statements): number | undefined => {
  const key = on.reserveKey.get()?.key
  if (key !== undefined) on.beginRestoration.run(key)
  return key
}

const addRestored = (
  on: Statements,
  { contexts, segments, session, tags, turns, usage }: RecordRows,
  reserved: number | null,
  messages: RecordRows["messages"]
): boolean => {
  if (on.session.get(session.id) !== undefined) return false
  const tagSet = internTags(on, tags)
  const key = Number(on.addSession.run({ ...session, key: reserved, tagSet }).lastInsertRowid)
  for (const tag of tags) on.addTag.run({ id: session.id, tag, createdAt: session.createdAt })
  for (const segment of segments) on.addSegment.run({ key, ...segment })
  on.openSegment.run({ key, from: session.lastSeq + 1 })
  for (const message of messages) on.addMessage.run(key, message)
  for (const context of contexts) on.restoreContext.run({ key, ...context })
  for (const turn of turns) on.putTurn.run(key, turn)
  on.addEvent.run(key, 1, codes.event.SessionCreated, session.createdAt, session.messageCount, null)
  addUsage(on, session.userId, tagSet, usage)
  if (reserved !== null) on.endRestoration.run(reserved)
  return true
}
