import * as Schema from "effect/Schema"

/**
 * `active`: takes messages, and had one lately. `idle`: takes messages, and rests. `archived`: read-only.
 * `deleted`: gone; the last state that an event reports, never seen in a list. `error`: its actor failed again and again.
 */
export const SessionStatus = Schema.Literal("active", "idle", "archived", "deleted", "error")
export type SessionStatus = typeof SessionStatus.Type

const transitions: Readonly<Record<SessionStatus, ReadonlyArray<SessionStatus>>> = {
  active: ["idle", "archived", "deleted", "error"],
  idle: ["active", "archived", "deleted", "error"],
  archived: ["active", "deleted"],
  error: ["active", "archived", "deleted"],
  deleted: []
}

/**
 * Whether a session may go from one status to another. Staying where it is is no transition.
 */
export const canTransition = (from: SessionStatus, to: SessionStatus): boolean => transitions[from].includes(to)

/**
 * Whether a session in this status takes messages.
 */
export const acceptsMessages = (status: SessionStatus): boolean => status === "active" || status === "idle"
