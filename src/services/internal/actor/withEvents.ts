import type * as DateTime from "effect/DateTime"
import type { SessionEvent } from "../../../domain/SessionEvent.js"
import type { EventBody } from "./EventBody.js"
import type { Transition } from "./Transition.js"

/**
 * A step together with what is to be told of it, once it is committed.
 */
export const withEvents = (
  { changes, next }: Transition,
  at: DateTime.Utc,
  bodies: ReadonlyArray<EventBody>
): Transition => {
  const { id: sessionId } = next.session
  const events = bodies.map((body, index): SessionEvent => ({
    ...body,
    sessionId,
    at,
    number: next.lastEvent + 1 + index
  }))
  return {
    changes: { ...changes, events: changes.events ? [...changes.events, ...events] : events },
    next: { ...next, lastEvent: next.lastEvent + events.length }
  }
}
