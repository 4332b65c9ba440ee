import * as DateTime from "effect/DateTime"
import * as Schema from "effect/Schema"
import type { TurnId } from "../../../../domain/TurnId.js"
import { TurnNotice } from "../../../../domain/TurnNotice.js"
import type { StoredEvent } from "../StoredEvent.js"
import { codes } from "./codes.js"
import { idToColumn } from "./idToColumn.js"

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
