import type Sqlite from "better-sqlite3"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type { StoreError } from "../../../../domain/error/StoreError.js"
import { Epoch } from "../../../../domain/Ids.js"
import type { UsageEntry } from "../../../../domain/Rollup.js"
import { hasNameToSearch } from "../../../../domain/SearchWords.js"
import type { SessionExport } from "../../../../domain/Transfer.js"
import { eventLoopTurn } from "../../../../services/internal/eventLoopTurn.js"
import type { SessionStore } from "../../../../services/SessionStore.js"
import { idleLimits } from "../commitRules.js"
import { codes } from "./columns.js"
import { type ContextStatements, encodeContext } from "./contexts.js"
import type { EventStatements } from "./events.js"
import type { GroupCommitter } from "./GroupCommitter.js"
import { type MessageStatements, messageToRow } from "./messages.js"
import { addUsage, internTags, type RollupStatements, rollupToRow } from "./rollups.js"
import { type SegmentStatements, toSegments } from "./segments.js"
import { OwnedSessionRow, type SessionStatements } from "./sessions.js"
import { type TurnStatements, turnToRow } from "./turns.js"

export interface RestorationStatements {
  /** Takes a session key that is never used again. */
  readonly reserveKey: Sqlite.Statement<[], { key: number }>
  readonly beginRestoration: Sqlite.Statement<[key: number]>
  readonly restorations: Sqlite.Statement<[], { key: number }>
  readonly endRestoration: Sqlite.Statement<[key: number]>
}

export const prepareRestorations = (db: Sqlite.Database): RestorationStatements => ({
  reserveKey: db.prepare(`UPDATE sqlite_sequence SET seq = seq + 1 WHERE name = 'sessions' RETURNING seq AS key`),
  beginRestoration: db.prepare(`INSERT INTO restorations (key) VALUES (?)`),
  restorations: db.prepare(`SELECT key FROM restorations`),
  endRestoration: db.prepare(`DELETE FROM restorations WHERE key = ?`)
})

type RestoreStatements =
  & ContextStatements
  & EventStatements
  & MessageStatements
  & RestorationStatements
  & RollupStatements
  & SegmentStatements
  & SessionStatements
  & TurnStatements

type Writer = Pick<GroupCommitter<RestoreStatements>, "write">

/** Entries that are encoded, and messages that are written, in one go. A long history does not hold up the event loop. */
const batchSize = 250

/**
 * The write that adds an exported session.
 */
export const restoreOperations = (
  writer: Writer,
  wakeIndex: Effect.Effect<void>
): Pick<SessionStore["Type"], "restore"> => ({
  restore: (record, usage, delivered) =>
    encodeRecord(record, usage, delivered).pipe(
      Effect.flatMap((rows) => restoreSession(writer, rows)),
      Effect.zipLeft(wakeIndex)
    )
})

type RecordRows = Effect.Effect.Success<ReturnType<typeof encodeRecord>>

/**
 * Writes a session with everything that belongs to it. Returns false, and leaves nothing, when its id is taken.
 *
 * The messages of a long history are written first, in several transactions, under a reserved key that no session has, so that
 * no read can find them. The last transaction adds the session and the rest.
 */
const restoreSession = ({ write }: Writer, rows: RecordRows): Effect.Effect<boolean, StoreError> => {
  if (rows.messages.length <= batchSize) return write((on) => Either.right(addRestored(on, rows, null, rows.messages)))
  const [last = [], ...others] = Arr.chunksOf(rows.messages, batchSize).toReversed()
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

const beginRestoration = (on: RestoreStatements): number | undefined => {
  const key = on.reserveKey.get()?.key
  if (key !== undefined) on.beginRestoration.run(key)
  return key
}

const addRestored = (
  on: RestoreStatements,
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

/**
 * Removes the messages of a restoration that did not complete, or of all of them: an earlier process left those.
 */
export const dropRestorations = ({ write }: Writer, only?: number): Effect.Effect<void, StoreError> =>
  write((on) => {
    for (const { key } of on.restorations.all()) {
      if (only !== undefined && key !== only) continue
      on.removeMessages.run(key)
      on.endRestoration.run(key)
    }
    return Either.void
  })

const encodeSession = Schema.encodeSync(OwnedSessionRow)

/** The rows of an exported session. */
const encodeRecord = Effect.fnUntraced(function*(
  record: SessionExport,
  usage: ReadonlyArray<UsageEntry>,
  delivered: 0 | 1 = 1
) {
  const { contexts, lastOrdinal, lastSeq, messages, metrics, rewound, session, turns } = record
  const { archiveAfterMs = null, deleteAfterMs = null } = idleLimits(session.config)
  const owned = { ...session, metrics, lastSeq, lastOrdinal, lastEvent: 1, delivered, ownerEpoch: Epoch.make(0) }
  const indexedSeq = hasNameToSearch(session.config) ? -1 : 0
  return {
    session: { ...encodeSession(owned), archiveAfterMs, deleteAfterMs, indexedSeq },
    tags: Arr.dedupe(session.config.tags ?? []),
    segments: toSegments(messages, rewound),
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

const encodeAll = <A, Row>(items: ReadonlyArray<A>, encode: (item: A) => Row): Effect.Effect<ReadonlyArray<Row>> =>
  Effect.map(
    Effect.forEach(
      Arr.chunksOf(items, batchSize),
      (some) => Effect.zipLeft(Effect.sync(() => some.map(encode)), eventLoopTurn)
    ),
    Arr.flatten
  )
