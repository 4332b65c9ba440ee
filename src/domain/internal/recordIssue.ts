import type * as Schema from "effect/Schema"
import type { Message } from "../Message.js"
import { validate } from "../SessionConfig.js"
import type { SessionContext } from "../SessionContext.js"
import type { SessionId } from "../SessionId.js"
import type { SessionInfo } from "../SessionInfo.js"
import { isTerminal, type Turn } from "../Turn.js"

interface SessionRecord {
  readonly session: Pick<SessionInfo, "config" | "id" | "messageCount" | "status">
  readonly lastSeq: number
  readonly lastOrdinal: number
  readonly metrics: { readonly sessionId: SessionId }
  readonly contexts: ReadonlyArray<{ readonly since: number; readonly context: SessionContext }>
  readonly messages: ReadonlyArray<Message>
  readonly rewound: ReadonlyArray<Message>
  readonly turns: ReadonlyArray<Turn>
}

/**
 * The first thing in a record that no session can be; `undefined` when it can be restored. The schema has checked each field
 * alone. What is wrong is not repeated.
 */
export const recordIssue = (record: SessionRecord): Schema.FilterIssue | undefined => {
  for (const issue of issuesOf(record)) return issue
  return undefined
}

function* issuesOf({ contexts, lastOrdinal, lastSeq, messages, metrics, rewound, session, turns }: SessionRecord) {
  const { id } = session
  if (session.status === "deleted") yield issue("must be the status of a session that is there", "session", "status")
  for (const problem of validate(session.config)) yield issue(problem, "session", "config")
  if (session.messageCount !== messages.length) {
    yield issue("must be the number of messages", "session", "messageCount")
  }
  if (metrics.sessionId !== id) yield issue(ofSession, "metrics", "sessionId")

  yield* misplaced(id, "messages", messages, "seq", ({ seq }) => seq, lastSeq)
  yield* misplaced(id, "rewound", rewound, "seq", ({ seq }) => seq, lastSeq)
  yield* misplaced(id, "turns", turns, "ordinal", ({ ordinal }) => ordinal, lastOrdinal)

  let last = { since: 0, version: 0 }
  for (const [index, { context: { sessionId, version }, since }] of contexts.entries()) {
    if (sessionId !== id) yield issue(ofSession, "contexts", index, "context", "sessionId")
    if (version <= last.version) yield issue("must be more than that before", "contexts", index, "context", "version")
    if (since < last.since || since > lastSeq) {
      yield issue("must be between that before and lastSeq", "contexts", index, "since")
    }
    last = { since, version }
  }

  const seqs = new Set(messages.map(({ seq }) => seq))
  for (const [index, { seq }] of rewound.entries()) {
    if (seqs.has(seq)) yield issue("must not be that of a message in the history", "rewound", index, "seq")
  }
  const messageIds = new Set<string>()
  yield* repeated(messageIds, "messages", "id", messages.map(({ id }) => id))
  yield* repeated(messageIds, "rewound", "id", rewound.map(({ id }) => id))
  yield* repeated(new Set(), "turns", "id", turns.map(({ id }) => id))
  yield* repeated(new Set(), "turns", "key", turns.map(({ key }) => key))
  yield* wrongTurns(turns, new Map([...messages, ...rewound].map((message) => [message.seq, message])), lastSeq)
}

function* misplaced<A extends { readonly sessionId: SessionId }>(
  id: SessionId,
  list: string,
  entries: ReadonlyArray<A>,
  name: string,
  placeOf: (entry: A) => number,
  last: number
) {
  let before = 0
  for (const [index, entry] of entries.entries()) {
    if (entry.sessionId !== id) yield issue(ofSession, list, index, "sessionId")
    const place = placeOf(entry)
    if (place <= before) yield issue("must be more than that before", list, index, name)
    if (place > last) yield issue("must not be more than the last that was used", list, index, name)
    before = place
  }
}

function* repeated(seen: Set<string>, list: string, name: string, values: ReadonlyArray<string | undefined>) {
  for (const [index, value] of values.entries()) {
    if (value === undefined) continue
    if (seen.has(value)) yield issue("must not be that of another", list, index, name)
    seen.add(value)
  }
}

/** A message that was cleared is not there, and one that a fork shares is of a turn of its origin. */
function* wrongTurns(turns: ReadonlyArray<Turn>, messages: ReadonlyMap<number, Message>, lastSeq: number) {
  for (const [index, { draft, id, joined, key, digest, promptSeq, replySeq, status }] of turns.entries()) {
    if (!isTerminal(status)) yield issue("must be that of a turn which has ended", "turns", index, "status")
    if (draft !== undefined) yield issue("must be absent once a turn has ended", "turns", index, "draft")
    if ((key === undefined) !== (digest === undefined)) yield issue("must come with a key", "turns", index, "digest")
    for (const [name, seq] of [["promptSeq", promptSeq], ["replySeq", replySeq]] as const) {
      if (seq === undefined) continue
      const turnId = messages.get(seq)?.turnId
      const isItsOwn = !messages.has(seq) || turnId === id || (turnId !== undefined && turnId === joined)
      if (seq > lastSeq || !isItsOwn) yield issue("must be the seq of a message of the turn", "turns", index, name)
    }
  }
}

const ofSession = "must be the id of the session"

const issue = (message: string, ...path: ReadonlyArray<number | string>): Schema.FilterIssue => ({ message, path })
