import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Epoch } from "../../../../domain/Epoch.js"
import type { SessionExport } from "../../../../domain/SessionExport.js"
import type { UsageEntry } from "../../../../domain/UsageEntry.js"
import { eventLoopTurn } from "../../../../services/internal/eventLoopTurn.js"
import { nameToSearch } from "../nameToSearch.js"
import { restLimits } from "../restLimits.js"
import { encodeContext } from "./encodeContext.js"
import { messageToRow } from "./messageToRow.js"
import { OwnedSessionRow } from "./OwnedSessionRow.js"
import { rollupToRow } from "./rollupToRow.js"
import { segmentsOf } from "./segmentsOf.js"
import { turnToRow } from "./turnToRow.js"

const encodeSession = Schema.encodeSync(OwnedSessionRow)

/** Encoded in one go; then others have their turn. */
const atOnce = 250

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
      Arr.chunksOf(items, atOnce),
      (some) => Effect.zipLeft(Effect.sync(() => some.map(encode)), eventLoopTurn)
    ),
    Arr.flatten
  )
