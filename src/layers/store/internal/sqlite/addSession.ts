import * as Arr from "effect/Array"
import * as Schema from "effect/Schema"
import { Epoch } from "../../../../domain/Epoch.js"
import type { SessionContext } from "../../../../domain/SessionContext.js"
import type { SessionInfo } from "../../../../domain/SessionInfo.js"
import { empty } from "../../../../domain/SessionMetrics.js"
import { usageOfStart } from "../../../../domain/UsageEntry.js"
import { nameToSearch } from "../nameToSearch.js"
import { restLimits } from "../restLimits.js"
import { addUsage } from "./addUsage.js"
import { codes } from "./codes.js"
import { encodeContext } from "./encodeContext.js"
import { internTags } from "./internTags.js"
import { OwnedSessionRow } from "./OwnedSessionRow.js"
import type { Statements } from "./prepareStatements.js"
import { rollupToRow } from "./rollupToRow.js"

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
