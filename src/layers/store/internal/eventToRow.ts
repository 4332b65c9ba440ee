import * as DateTime from "effect/DateTime"
import { codes } from "./codes.js"
import type { StoredEvent } from "./StoredEvent.js"

/**
 * A row of `events`: what it was, and where to find the rest of it. For an event of a turn, `ref` is the turn's ordinal, which
 * is found by `turnId` as the row is written.
 */
export interface EventColumns {
  readonly number: number
  readonly tag: number
  readonly at: number
  readonly ref: number | null
  readonly turnId: string | null
  readonly detail: string | null
}

export const eventToRow = (event: StoredEvent): EventColumns => ({
  number: event.number,
  tag: codes.event[event._tag],
  at: DateTime.toEpochMillis(event.at),
  ref: "turnId" in event ? null : refOf(event),
  turnId: "turnId" in event ? event.turnId : null,
  detail: event._tag === "SessionErrored" ? event.reason : null
})

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
