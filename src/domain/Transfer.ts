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
 * Which sessions to export. An absent filter matches everything.
 */
export const ExportSessions = SessionQuery.omit("cursor", "limit")
export type ExportSessions = typeof ExportSessions.Type

/**
 * How to import sessions.
 */
export const ImportOptions = Schema.Struct({
  /** `keep` (default): the ids of the record. `renumber`: new ids, the same on each run. */
  ids: Schema.optionalWith(Schema.Literal("keep", "renumber"), { exact: true }),
  /** The UUID that new ids are derived from. Use a different one to import a record a second time. */
  namespace: Schema.optionalWith(Schema.UUID, { exact: true })
})
export interface ImportOptions extends Schema.Schema.Type<typeof ImportOptions> {}

/**
 * Outcome of a record. `unchanged`: the same session exists already (`active` and `idle` count as the same). `conflict`: a different
 * session has this id, or the same session has changed since the export; it was not touched.
 */
export const ImportOutcome = Schema.Struct({
  /** The id in the record. */
  recordId: SessionId,
  /** The id here. */
  sessionId: SessionId,
  outcome: Schema.Literal("imported", "unchanged", "conflict")
})
export interface ImportOutcome extends Schema.Schema.Type<typeof ImportOutcome> {}

/** Far more than any session reaches, and far below the largest safe integer. */
const place = Schema.NonNegativeInt.pipe(Schema.lessThanOrEqualTo(2 ** 40))

/**
 * A whole session as one JSON document from which it can be restored: the history, rewound messages that can still be read, the
 * contexts that a fork or a rewind can return to, and the turns that have ended.
 *
 * Not included: open turns with their questions, events, and a provider's copy of the conversation, because two sessions must not
 * use the same one. Messages that a fork shares are included, so that it does not need its original.
 */
export const SessionExport = Schema.Struct({
  format: Schema.Literal("langswarm-session/1"),
  session: SessionInfo.omit("cursor"),
  /** Highest `seq` ever used. Higher than the last message's when the history was cleared. A fork's history can have gaps. */
  lastSeq: place,
  /** Highest turn `ordinal` ever used. */
  lastOrdinal: place,
  metrics: SessionMetrics,
  /** Oldest first. `since` is the last `seq` at the time of the change. The last entry is the current context. */
  contexts: Schema.NonEmptyArray(Schema.Struct({ since: place, context: SessionContext })),
  /** The history, by `seq`. */
  messages: Schema.Array(Message),
  /** Messages removed by a rewind that can still be read, by `seq`. */
  rewound: Schema.Array(Message),
  /** Turns that have ended, by `ordinal`. */
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
 * The first inconsistency between the fields of a record; `undefined` when it can be restored. The schema has validated each field.
 * The message never repeats a value.
 */
export const recordIssue = (record: Restorable): Schema.FilterIssue | undefined => {
  for (const issue of issuesOf(record)) return issue
  return undefined
}

function* issuesOf({ contexts, lastOrdinal, lastSeq, messages, metrics, rewound, session, turns }: Restorable) {
  const { id } = session
  if (session.status === "deleted") yield issue("must not be deleted", "session", "status")
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
    if (version <= last.version) {
      yield issue("must be greater than the previous one", "contexts", index, "context", "version")
    }
    if (since < last.since || since > lastSeq) {
      yield issue("must be between the previous one and lastSeq", "contexts", index, "since")
    }
    last = { since, version }
  }

  const seqs = new Set(messages.map(({ seq }) => seq))
  for (const [index, { seq }] of rewound.entries()) {
    if (seqs.has(seq)) yield issue("must differ from those in messages", "rewound", index, "seq")
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
    if (place <= before) yield issue("must be greater than the previous one", list, index, name)
    if (place > last) yield issue(`must not exceed ${name === "seq" ? "lastSeq" : "lastOrdinal"}`, list, index, name)
    before = place
  }
}

function* repeated(seen: Set<string>, list: string, name: string, values: ReadonlyArray<string | undefined>) {
  for (const [index, value] of values.entries()) {
    if (value === undefined) continue
    if (seen.has(value)) yield issue("must be unique", list, index, name)
    seen.add(value)
  }
}

/** A cleared message is absent, and a message shared by a fork belongs to a turn of the original. */
function* wrongTurns(turns: ReadonlyArray<Turn>, messages: ReadonlyMap<number, Message>, lastSeq: number) {
  for (const [index, { draft, id, joined, key, digest, promptSeq, replySeq, status }] of turns.entries()) {
    if (!isTerminal(status)) yield issue("must be a terminal status", "turns", index, "status")
    if (draft !== undefined) yield issue("must be absent once a turn has ended", "turns", index, "draft")
    if ((key === undefined) !== (digest === undefined)) {
      yield issue("must be present exactly when key is", "turns", index, "digest")
    }
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
 * An export that can be restored: numbers are in order, and all parts belong to the same session and agree with each other.
 */
export const SessionRecord = SessionExport.pipe(Schema.filter(recordIssue))

type Encoded = typeof SessionExport.Encoded
type EncodedTurn = Encoded["turns"][number]
type EncodedError = NonNullable<EncodedTurn["error"]>

const encode = Schema.encodeSync(SessionExport)
const decode = Schema.decodeSync(SessionExport)

/**
 * The same session with new ids. Each is the UUIDv5 (RFC 9562) of the old one in a namespace, so that repeated runs produce the
 * same ids, and a fork still names its original. Idempotency keys stay, because they are scoped to the session.
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
