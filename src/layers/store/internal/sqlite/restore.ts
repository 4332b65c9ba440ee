import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type { UsageEntry } from "../../../../domain/Analytics.js"
import type { StoreError } from "../../../../domain/error/StoreError.js"
import { Epoch } from "../../../../domain/Ids.js"
import type { SessionExport } from "../../../../domain/Transfer.js"
import { eventLoopTurn } from "../../../../services/internal/eventLoopTurn.js"
import { restLimits } from "../commitRules.js"
import { nameToSearch } from "../searchable.js"
import { codes } from "./columns.js"
import type { GroupCommitter } from "./GroupCommitter.js"
import { encodeContext, messageToRow, segmentsOf } from "./history.js"
import { addUsage, internTags, rollupToRow } from "./rollups.js"
import { OwnedSessionRow } from "./sessions.js"
import type { Statements } from "./statements.js"
import { turnToRow } from "./turns.js"

/**
 * Removes what there is of a session that is not restored after all, or of all of them: an earlier process left those.
 */
export const dropRestorations = (
  { write }: Pick<GroupCommitter<Statements>, "write">,
  only?: number
): Effect.Effect<void, StoreError> =>
  write((on) => {
    for (const { key } of on.restorations.all()) {
      if (only !== undefined && key !== only) continue
      on.removeMessages.run(key)
      on.endRestoration.run(key)
    }
    return Either.void
  })

const encodeSession = Schema.encodeSync(OwnedSessionRow)

/** Encoded in one go; then others have their turn. */
const atOnceEncodeRecord = 250

/**
 * The rows of a session that is to be restored.
 */
export const encodeRecord = Effect.fnUntraced(function*(
  record: SessionExport,
  usage: ReadonlyArray<UsageEntry>,
  delivered: 0 | 1 = 1
) {
  const { contexts, lastOrdinal, lastSeq, messages, metrics, rewound, session, turns } = record
  const { archiveAfterMs = null, deleteAfterMs = null } = restLimits(session.config)
  const owned = { ...session, metrics, lastSeq, lastOrdinal, lastEvent: 1, delivered, ownerEpoch: Epoch.make(0) }
  const isNamed = nameToSearch(session.config.name, session.config.description) !== ""
  return {
    session: { ...encodeSession(owned), archiveAfterMs, deleteAfterMs, indexedSeq: isNamed ? -1 : 0 },
    tags: Arr.dedupe(session.config.tags ?? []),
    segments: segmentsOf(messages, rewound),
    contexts: contexts.map(({ context, since }) => ({
      version: context.version,
      since,
      context: encodeContext(context)
    })),
    messages: yield* encodeAll([...messages, ...rewound], messageToRow),
    turns: yield* encodeAll(turns, turnToRow),
    usage: usage.map((entry) => rollupToRow(entry))
  }
})

export type RecordRows = Effect.Effect.Success<ReturnType<typeof encodeRecord>>

const encodeAll = <A, Row>(items: ReadonlyArray<A>, encode: (item: A) => Row): Effect.Effect<ReadonlyArray<Row>> =>
  Effect.map(
    Effect.forEach(
      Arr.chunksOf(items, atOnceEncodeRecord),
      (some) => Effect.zipLeft(Effect.sync(() => some.map(encode)), eventLoopTurn)
    ),
    Arr.flatten
  )

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
