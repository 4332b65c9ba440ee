import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import { SessionNotFound } from "../../../../domain/error/SessionError.js"
import { TurnError } from "../../../../domain/error/TurnError.js"
import type { SessionEvent } from "../../../../domain/Events.js"
import { SessionId, TurnId } from "../../../../domain/Ids.js"
import { TurnNotice } from "../../../../domain/Turn.js"
import type { SessionStore } from "../../../../services/SessionStore.js"
import type { StoredEvent } from "../commitRules.js"
import { codes, decodeRow, idColumn, idToColumn, renameColumns } from "./columns.js"
import type { GroupCommitter } from "./GroupCommitter.js"
import { ContextRow, MessageRow } from "./history.js"
import { SessionRow } from "./sessions.js"
import type { Statements } from "./statements.js"
import { TurnRow } from "./turns.js"

const turnIdColumn = idColumn(TurnId)

const row = <Tag extends SessionEvent["_tag"], Fields extends Schema.Struct.Fields>(tag: Tag, fields: Fields) =>
  Schema.TaggedStruct(tag, {
    sessionId: SessionId,
    number: Schema.Positive.pipe(Schema.int()),
    at: Schema.DateTimeUtcFromNumber,
    ...fields
  })

/**
 * An event with the columns of what it refers to.
 */
export const EventRow = Schema.Union(
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
 * A row of `events`: what it was, and where to find the rest of it.
 */
export interface EventColumns {
  readonly number: number
  readonly tag: number
  readonly at: number
  /** The `seq` of its message, the version of its context, or the ordinal of its turn, unless that is yet to be looked up. */
  readonly ref: number | { readonly turnId: string | Uint8Array }
  readonly detail: string | null
}

/**
 * Encodes an event of a commit with turns of these ordinals.
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
 * Writes events. Throws when one of them is of a turn that is not there.
 */
export const addEvents = (on: Statements, key: number, events: ReadonlyArray<EventColumns>): void => {
  for (const { at, detail, number, ref, tag } of events) {
    const place = typeof ref === "number" ? ref : on.ordinalOf.get(ref.turnId, key)?.ordinal
    if (place === undefined) throw new Error(`Event ${number} is of a turn that is not there`)
    on.addEvent.run(key, number, tag, at, place, detail)
  }
}

/**
 * A row of `events` with the columns of what it refers to: NULL where it does not.
 */
export interface EventRead {
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

export interface SessionRead {
  readonly key: number
  readonly id: string
  readonly created_at: number
  readonly owner_epoch: number
  readonly last_seq: number
}

const tags = new Map<number, string>(Record.toEntries(codes.event).map(([tag, code]) => [code, tag]))

/**
 * What `EventRow` decodes: each column where the event has its field. A session is shown as it was when it was created: what
 * was configured since then stands in the event itself.
 */
export const hydratedEvent = (session: SessionRead, row: EventRead): object => ({
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

const decodeTurns = decodeRow(Schema.Array(TurnRow))
const decodeEvents = decodeRow(Schema.Array(EventRow))

/**
 * The reads that sends and watchers wait for: prepared statements, on the connection that writes.
 */
export const preparedReads = (
  { read }: GroupCommitter<Statements>
): Pick<SessionStore["Type"], "events" | "turn" | "turnByKey"> => {
  const readOf = <A>(id: SessionId, find: (on: Statements) => A | undefined) =>
    Effect.flatMap(read(find), Either.fromNullable(() => new SessionNotFound({ sessionId: id })))

  const readTurn = (id: SessionId, find: (on: Statements) => object | undefined) =>
    readOf(id, (on) => {
      const turn = find(on)
      // A turn proves that there is the session it belongs to.
      return turn ? [turn] : on.session.get(id) && []
    }).pipe(
      Effect.flatMap((rows) => decodeTurns(renameColumns(rows))),
      Effect.map(([turn]) => Option.fromNullable(turn))
    )

  return {
    turn: (id, turnId) => readTurn(id, (on) => on.turn.get(id, idToColumn(turnId))),
    turnByKey: (id, key) => readTurn(id, (on) => on.turnByKey.get(id, idToColumn(key))),

    events: (id, number, limit) =>
      readOf(id, (on) => {
        const session = on.session.get(id)
        return session && on.events.all({ key: session.key, number, limit }).map((row) => hydratedEvent(session, row))
      }).pipe(Effect.flatMap(decodeEvents))
  }
}
