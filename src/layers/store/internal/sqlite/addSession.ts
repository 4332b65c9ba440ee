import * as Arr from "effect/Array"
import * as Schema from "effect/Schema"
import { Epoch } from "../../../../domain/Epoch.js"
import type { SessionContext } from "../../../../domain/SessionContext.js"
import type { SessionInfo } from "../../../../domain/SessionInfo.js"
import { empty } from "../../../../domain/SessionMetrics.js"
import { nameToSearch } from "../nameToSearch.js"
import { restLimits } from "../restLimits.js"
import { codes } from "./codes.js"
import { encodeContext } from "./encodeContext.js"
import { OwnedSessionRow } from "./OwnedSessionRow.js"
import type { Statements } from "./prepareStatements.js"

const encodeSession = Schema.encodeSync(OwnedSessionRow)

/**
 * Encodes a session, and answers what writes it: on its own, or with the history that it shares with an origin up to a `seq`.
 */
export const addSession = (session: SessionInfo, context: SessionContext) => {
  const { archiveAfterMs = null, deleteAfterMs = null } = restLimits(session.config)
  const row = encodeSession({
    ...session,
    metrics: empty(session.id),
    lastSeq: 0,
    lastOrdinal: 0,
    lastEvent: 1,
    delivered: 1,
    ownerEpoch: Epoch.make(0)
  })
  const contextRow = { version: context.version, context: encodeContext(context) }
  const isNamed = nameToSearch(session.config.name, session.config.description) !== ""
  const tags = Arr.dedupe(session.config.tags ?? [])

  return (on: Statements, origin?: { readonly key: number; readonly seq: number }): void => {
    const seq = origin?.seq ?? 0
    // Without a name there is nothing to index: what it shares is indexed for the session that said it.
    const indexedSeq = isNamed ? -1 : seq
    const key = Number(
      on.addSession.run({ ...row, lastSeq: seq, indexedSeq, archiveAfterMs, deleteAfterMs }).lastInsertRowid
    )
    for (const tag of tags) on.addTag.run({ id: row.id, tag, createdAt: row.createdAt })
    if (origin) on.shareSegments.run({ key, origin: origin.key, seq })
    on.openSegment.run({ key, from: seq + 1 })
    const messages = on.recount.get(key)?.message_count ?? 0
    on.addContext.run({ key, ...contextRow })
    on.addEvent.run(key, 1, codes.event.SessionCreated, row.createdAt, messages, null)
  }
}
