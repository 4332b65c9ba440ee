import type Sqlite from "better-sqlite3"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import { SessionNotFound } from "../../../../domain/error/SessionError.js"
import { TurnError } from "../../../../domain/error/TurnError.js"
import type { SessionEvent } from "../../../../domain/Events.js"
import { SessionId, TurnId } from "../../../../domain/Ids.js"
import { maxEventBytes, takeBytes } from "../../../../domain/Size.js"
import { TurnNotice } from "../../../../domain/Turn.js"
import type { SessionStore } from "../../../../services/SessionStore.js"
import type { StoredEvent } from "../commitRules.js"
import { codes, idColumn, idToColumn } from "./columns.js"
import { ContextRow } from "./contexts.js"
import type { GroupCommitter } from "./GroupCommitter.js"
import { MessageRow } from "./messages.js"
import { decodeRow, renameColumns } from "./rows.js"
import { type SessionRead, SessionRow, type SessionStatements } from "./sessions.js"
import type { TurnStatements } from "./turns.js"

const turnIdColumn = idColumn(TurnId)

const row = <Tag extends SessionEvent["_tag"], Fields extends Schema.Struct.Fields>(tag: Tag, fields: Fields) =>
  Schema.TaggedStruct(tag, {
    sessionId: SessionId,
    number: Schema.Positive.pipe(Schema.int()),
    at: Schema.DateTimeUtcFromNumber,
    ...fields
  })

/**
 * An event, decoded from its row and the columns of what it refers to.
 */
const EventRow = Schema.Union(
  row("SessionCreated", { session: SessionRow }),
  row("SessionArchived", {}),
  row("SessionReactivated", {}),
  row("SessionErrored", { reason: Schema.String }),
  row("MessageSent", { message: MessageRow }),
  row("MessageReceived", { message: MessageRow }),
  row("MessagesCleared", {}),
  row("MessagesRewound", { to: Schema.NonNegativeInt }),
  row("ContextUpdated", ContextRow.fields),
  row("TurnAccepted", { turnId: turnIdColumn }),
  row("TurnEdited", { turnId: turnIdColumn }),
  row("TurnStarted", { turnId: turnIdColumn }),
  row("TurnJoined", { turnId: turnIdColumn, into: turnIdColumn }),
  row("TurnCompleted", { turnId: turnIdColumn }),
  row("TurnStopped", { turnId: turnIdColumn }),
  row("TurnFailed", { turnId: turnIdColumn, error: Schema.parseJson(TurnError) }),
  row("TurnNoticed", { turnId: turnIdColumn, notice: Schema.parseJson(TurnNotice) }),
  row("SessionConfigured", { provider: Schema.String, model: Schema.String })
)

/**
 * A row of `events`: the kind of event, and a reference to the row that holds the rest.
 */
interface EventColumns {
  readonly number: number
  readonly tag: number
  readonly at: number
  /** The `seq` of its message, the version of its context, or the ordinal of its turn. A turn id is looked up on writing. */
  readonly ref: number | { readonly turnId: string | Uint8Array }
  readonly detail: string | null
}

/**
 * Encodes an event of a commit. `ordinals` are those of the turns of the same commit.
 */
export const eventToRow = (event: StoredEvent, ordinals: ReadonlyMap<TurnId, number>): EventColumns => ({
  number: event.number,
  tag: codes.event[event._tag],
  at: DateTime.toEpochMillis(event.at),
  ref: "turnId" in event ? ordinals.get(event.turnId) ?? { turnId: idToColumn(event.turnId) } : refOf(event),
  detail: detailOf(event)
})

const encodeNotice = Schema.encodeSync(Schema.parseJson(TurnNotice))

const detailOf = (event: StoredEvent): string | null => {
  switch (event._tag) {
    case "SessionErrored":
      return event.reason
    case "SessionConfigured":
      return JSON.stringify({ provider: event.provider, model: event.model })
    case "TurnNoticed":
      return encodeNotice(event.notice)
    default:
      return null
  }
}

const refOf = (event: Exclude<StoredEvent, { readonly turnId: string }>): number => {
  switch (event._tag) {
    case "MessageSent":
    case "MessageReceived":
      return event.message.seq
    case "MessagesRewound":
      return event.to
    case "ContextUpdated":
      return event.context.version
    default:
      return 0
  }
}

/**
 * A row of `events` with the columns of what it refers to: NULL where it does not.
 */
interface EventRead {
  readonly number: number
  readonly tag: number
  readonly at: number
  readonly ref: number
  readonly detail: string | null
  readonly context: string | null
  readonly turn: string | Uint8Array | null
  readonly joined: string | Uint8Array | null
  readonly error: string | null
}

const { ContextUpdated, MessageReceived, MessageSent, TurnAccepted } = codes.event

export interface EventStatements {
  readonly addEvent: Sqlite.Statement<
    [key: number, number: number, tag: number, at: number, ref: number, detail: string | null]
  >
  readonly events: Sqlite.Statement<[{ key: number; number: number; limit: number }], EventRead>
}

export const prepareEvents = (db: Sqlite.Database): EventStatements => ({
  // A turn adds several, so parameters are bound by position: no object to make, no names to look up.
  addEvent: db.prepare(`
    INSERT INTO events (session_key, number, tag, at, ref, detail) VALUES (?, ?, ?, ?, ?, ?)`),

  events: db.prepare(`
    SELECT messages.*, events.number, events.tag, events.at, events.ref, events.detail, contexts.context,
      turns.id AS turn, turns.joined, turns.error
    FROM events
    LEFT JOIN segments ON events.tag IN (${MessageSent}, ${MessageReceived})
      AND segments.session_key = events.session_key AND ref BETWEEN from_seq AND to_seq
    LEFT JOIN messages ON messages.session_key = source_key AND messages.seq = ref
    LEFT JOIN contexts ON events.tag = ${ContextUpdated}
      AND contexts.session_key = events.session_key AND version = ref
    LEFT JOIN turns ON events.tag >= ${TurnAccepted} AND turns.session_key = events.session_key AND ordinal = ref
    WHERE events.session_key = @key AND events.number > @number
      AND (events.tag NOT IN (${MessageSent}, ${MessageReceived}) OR messages.seq IS NOT NULL)
    ORDER BY events.number LIMIT @limit`)
})

/**
 * Writes events. Throws when an event belongs to a turn that is not stored.
 */
export const addEvents = (
  on: EventStatements & TurnStatements,
  key: number,
  events: ReadonlyArray<EventColumns>
): void => {
  for (const { at, detail, number, ref, tag } of events) {
    const place = typeof ref === "number" ? ref : on.ordinalOf.get(ref.turnId, key)?.ordinal
    if (place === undefined) throw new Error(`Event ${number} refers to a turn that is not stored`)
    on.addEvent.run(key, number, tag, at, place, detail)
  }
}

const decodeEvents = decodeRow(Schema.Array(EventRow))

/**
 * Reads of a session's events. Watchers wait for them, so this is a prepared statement on the connection that writes.
 */
export const eventQueries = (
  { read }: Pick<GroupCommitter<EventStatements & SessionStatements>, "read">
): Pick<SessionStore["Type"], "events"> => ({
  events: (id, number, limit) =>
    read((on) => {
      const session = on.session.get(id)
      if (session === undefined) return undefined
      // Steps from row to row, and no further than what fits.
      const rows = on.events.iterate({ key: session.key, number, limit })
      return takeBytes(rows, maxEventBytes, (row) => bytesOf(session, row)).map((row) => toEventRow(session, row))
    }).pipe(
      Effect.flatMap(Either.fromNullable(() => new SessionNotFound({ sessionId: id }))),
      Effect.flatMap(decodeEvents)
    )
})

/** The size of an event as JSON. It is never too small: ids have at most 64 characters. */
const bytesOf = (session: SessionRead, row: EventRead): number => {
  if (row.tag === codes.event.SessionCreated) return 1024 + bytesOfTexts(session) + bytesOfTexts(row)
  return (row.tag === MessageSent || row.tag === MessageReceived ? 1024 : 400) + bytesOfTexts(row)
}

const bytesOfTexts = (row: object): number =>
  Object.values(row).reduce(
    (bytes: number, column: unknown) => typeof column === "string" ? bytes + Buffer.byteLength(column) : bytes,
    0
  )

const tags = new Map<number, string>(Record.toEntries(codes.event).map(([tag, code]) => [code, tag]))

/**
 * What `EventRow` decodes: each column under the name that the event gives it. `SessionCreated` shows the session as it was
 * created: a later change of configuration keeps the first one in the event's `detail`.
 */
const toEventRow = (session: SessionRead, row: EventRead): object => ({
  _tag: tags.get(row.tag),
  sessionId: session.id,
  number: row.number,
  at: row.at,
  ...(row.tag === codes.event.SessionCreated && {
    session: {
      ...renamed(session),
      ...parsed(row.detail),
      cursor: null,
      status: "active",
      messageCount: row.ref,
      lastActivityAt: session.created_at
    }
  }),
  ...((row.tag === codes.event.MessageSent || row.tag === codes.event.MessageReceived) && {
    message: { ...renamed(row), sessionId: session.id }
  }),
  ...(row.tag === codes.event.SessionConfigured && parsed(row.detail)),
  to: row.ref,
  reason: row.detail,
  notice: row.detail,
  context: row.context,
  turnId: row.turn,
  into: row.joined,
  error: row.error
})

const renamed = (row: object) => renameColumns([row])[0]

const parsed = (detail: string | null): object => detail === null ? {} : JSON.parse(detail) as object
