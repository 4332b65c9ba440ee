import type { SessionEvent } from "../../../domain/SessionEvent.js"

type Body<Event> = Event extends SessionEvent ? Omit<Event, "at" | "number" | "sessionId"> : never

/**
 * An event as a step of the session makes it, before it has its place among the session's events.
 */
export type EventBody = Body<SessionEvent>
