import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { SessionEvent } from "../../../domain/Events.js"
import type { SessionId } from "../../../domain/Ids.js"
import type { SessionConfig } from "../../../domain/SessionConfig.js"
import type { SessionChanges } from "../../../services/SessionChanges.js"

/**
 * An event that a commit may carry. The store adds `SessionCreated` itself, and `SessionDeleted` is never stored here.
 */
export type StoredEvent = Exclude<SessionEvent, { readonly _tag: "SessionCreated" | "SessionDeleted" }>

/**
 * Dead letters kept for each hook: enough to recover from an outage, and few enough that a hook that always fails does not
 * fill the disk.
 */
export const maxDeadLetters = 10_000

/**
 * The place that must be the session's last for these entries to follow it; `undefined` without entries. Throws when they
 * belong to another session or have a gap, which is a defect of the owner.
 */
export const precedingPlace = <A extends { readonly sessionId: SessionId }>(
  sessionId: SessionId,
  entries: ReadonlyArray<A>,
  placeOf: (entry: A) => number
): number | undefined => {
  const first = entries[0]
  if (first === undefined) return undefined
  const start = placeOf(first)
  entries.forEach((entry, index) => {
    if (entry.sessionId !== sessionId || placeOf(entry) !== start + index) {
      throw new Error(
        `A commit to session "${sessionId}" adds entries that are not consecutive, or belong to another session`
      )
    }
  })
  return start - 1
}

/** The longest time that a store can represent. */
const longest = Number.MAX_SAFE_INTEGER

/**
 * The idle times after which a session is archived and deleted, in whole milliseconds, rounded up.
 */
export const idleLimits = ({ autoArchiveAfter, autoDeleteAfter, sessionTimeoutMinutes }: SessionConfig) => ({
  archiveAfterMs: earliest([
    ...(autoArchiveAfter ? [Duration.toMillis(autoArchiveAfter)] : []),
    ...(sessionTimeoutMinutes === undefined ? [] : [sessionTimeoutMinutes * 60_000])
  ]),
  deleteAfterMs: earliest(autoDeleteAfter ? [Duration.toMillis(autoDeleteAfter)] : [])
})

const earliest = (millis: ReadonlyArray<number>): number | undefined =>
  millis.length === 0 ? undefined : Math.ceil(Math.min(...millis, longest))

/**
 * The events of a commit. Throws when one cannot be stored or contradicts its turn, and when a dead letter belongs to another
 * session.
 */
export const storedEvents = (
  sessionId: SessionId,
  { deadLetters = [], events = [], turns = [] }: SessionChanges
): ReadonlyArray<StoredEvent> => {
  if (deadLetters.some((letter) => letter.sessionId !== sessionId)) {
    throw new Error(`A commit to session "${sessionId}" carries a dead letter of another session`)
  }
  return events.map((event) => {
    switch (event._tag) {
      case "SessionCreated":
      case "SessionDeleted":
        throw new Error(`A commit to session "${sessionId}" carries ${event._tag}, which is never committed`)
      case "TurnFailed":
        if (turns.some(({ error, id }) => id === event.turnId && error !== undefined)) return event
        throw new Error(`Turn "${event.turnId}" of session "${sessionId}" fails without an error`)
      case "TurnJoined":
        if (turns.some(({ id, joined }) => id === event.turnId && joined === event.into)) return event
        throw new Error(`Turn "${event.turnId}" of session "${sessionId}" does not join "${event.into}"`)
      default:
        return event
    }
  })
}

/**
 * Logs a warning when dead letters were dropped.
 */
export const warnOfDropped = (count: number): Effect.Effect<void> =>
  count === 0 ? Effect.void : Effect.logWarning(
    `Dropped ${count} dead letters: a hook keeps its latest ${maxDeadLetters}`
  )
