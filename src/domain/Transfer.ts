import * as Arr from "effect/Array"
import * as Schema from "effect/Schema"
import { v5 } from "uuid"
import { SessionId } from "./Ids.js"
import { Message } from "./Message.js"
import { SessionInfo, SessionQuery } from "./Session.js"
import { sessionConfigProblems } from "./SessionConfig.js"
import { SessionContext } from "./SessionContext.js"
import { SessionMetrics } from "./SessionMetrics.js"
import { isTerminal, Turn } from "./Turn.js"

/**
 * Which sessions to export. What is left out matches all.
 */
export const ExportSessions = SessionQuery.omit("cursor", "limit")
export type ExportSessions = typeof ExportSessions.Type

/**
 * How sessions are imported.
 */
export const ImportOptions = Schema.Struct({
  /** `keep`, unless told: the session has the ids of its record. `renumber`: it gets others, the same in each run. */
  ids: Schema.optionalWith(Schema.Literal("keep", "renumber"), { exact: true }),
  /** A UUID from which the other ids are made. To import one record twice, give two. */
  namespace: Schema.optionalWith(Schema.UUID, { exact: true })
})
export interface ImportOptions extends Schema.Schema.Type<typeof ImportOptions> {}

/**
 * What became of a record. `unchanged`: the session was there already, and is the same; whether it is active or idle makes no
 * difference. `conflict`: another session has its id, or it has gone on since; it was left as it is.
 */
export const ImportOutcome = Schema.Struct({
  /** The id in the record. */
  recordId: SessionId,
  /** The id here. */
  sessionId: SessionId,
  outcome: Schema.Literal("imported", "unchanged", "conflict")
})
export interface ImportOutcome extends Schema.Schema.Type<typeof ImportOutcome> {}

/** Far more than any session has, and few enough that what comes after can be counted. */
const place = Schema.NonNegativeInt.pipe(Schema.lessThanOrEqualTo(2 ** 40))

/**
 * A whole session as one JSON document, from which it can be restored: its history, what was rewound and can still be read,
 * the contexts that a fork or a rewind can come back to, and the turns that have ended.
 *
 * Left out are turns that have not ended, with what they ask; the events; and a provider's own copy of the conversation, since
 * two sessions must not go on with one. What a fork shares is written out, so that it needs no origin.
 */
export const SessionExport = Schema.Struct({
  format: Schema.Literal("langswarm-session/1"),
  session: SessionInfo.omit("cursor"),
  /** Highest `seq` ever used. The messages do not come to it where a history was cleared, and have gaps where a fork's has. */
  lastSeq: place,
  /** Highest turn `ordinal` ever used. */
  lastOrdinal: place,
  metrics: SessionMetrics,
  /** Oldest first, each from the `seq` that was the last when it came. The last one is the session's context. */
  contexts: Schema.NonEmptyArray(Schema.Struct({ since: place, context: SessionContext })),
  /** The history, by `seq`. */
  messages: Schema.Array(Message),
  /** What has left the history and can still be read, by `seq`. */
  rewound: Schema.Array(Message),
  /** Those that have ended, by `ordinal`. */
  turns: Schema.Array(Turn)
})
export interface SessionExport extends Schema.Schema.Type<typeof SessionExport> {}

interface Restorable {
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
export const recordIssue = (record: Restorable): Schema.FilterIssue | undefined => {
  for (const issue of issuesOf(record)) return issue
  return undefined
}

function* issuesOf({ contexts, lastOrdinal, lastSeq, messages, metrics, rewound, session, turns }: Restorable) {
  const { id } = session
  if (session.status === "deleted") yield issue("must be the status of a session that is there", "session", "status")
  for (const problem of sessionConfigProblems(session.config)) yield issue(problem, "session", "config")
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

/**
 * An export that a session can be restored from: its places are in order, its parts are of one session and agree with each
 * other.
 */
export const SessionRecord = SessionExport.pipe(Schema.filter(recordIssue))

type Encoded = typeof SessionExport.Encoded
type EncodedTurn = Encoded["turns"][number]
type EncodedError = NonNullable<EncodedTurn["error"]>

const encode = Schema.encodeSync(SessionExport)
const decode = Schema.decodeSync(SessionExport)

/**
 * The same session under other ids: each is the UUIDv5 (RFC 9562) of the old one in a namespace, so that the same record gets
 * the same ids in each run, and a fork the same origin. Keys of sends stay as they are, since they name them within a session.
 */
export const renumber = (record: SessionExport, namespace: string): SessionExport => {
  const rename = (id: string) => v5(id, namespace)
  const sessionId = rename(record.session.id)

  const ofError = (error: EncodedError): EncodedError => ({
    ...error,
    ...(error.sessionId !== undefined && { sessionId }),
    ...("turnId" in error && { turnId: rename(error.turnId) })
  })
  const ofAttempt = <A extends { readonly error?: EncodedError }>({ error, ...attempt }: A) => ({
    ...attempt,
    ...(error && { error: ofError(error) })
  })
  const ofMessage = ({ turnId, ...message }: Encoded["messages"][number]) => ({
    ...message,
    id: rename(message.id),
    sessionId,
    ...(turnId !== undefined && { turnId: rename(turnId) })
  })
  const ofTurn = ({ attempts, joined, ...turn }: EncodedTurn) => ({
    ...ofAttempt(turn),
    id: rename(turn.id),
    sessionId,
    ...(attempts && { attempts: Arr.map(attempts, ofAttempt) }),
    ...(joined !== undefined && { joined: rename(joined) })
  })

  const { session: { forkedFrom, ...session }, ...rest } = encode(record)
  return decode({
    ...rest,
    session: {
      ...session,
      id: sessionId,
      ...(forkedFrom && { forkedFrom: { ...forkedFrom, sessionId: rename(forkedFrom.sessionId) } })
    },
    metrics: { ...rest.metrics, sessionId },
    contexts: Arr.map(rest.contexts, ({ context, since }) => ({ since, context: { ...context, sessionId } })),
    messages: rest.messages.map(ofMessage),
    rewound: rest.rewound.map(ofMessage),
    turns: rest.turns.map(ofTurn)
  })
}
