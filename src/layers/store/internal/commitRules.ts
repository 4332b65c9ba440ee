import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { SessionEvent } from "../../../domain/Events.js"
import type { SessionId } from "../../../domain/Ids.js"
import type { SessionConfig } from "../../../domain/SessionConfig.js"
import type { SessionChanges } from "../../../services/SessionStore.js"

/**
 * An event that a commit may bring: the first one is the store's own, and the last one is never stored.
 */
export type StoredEvent = Exclude<SessionEvent, { readonly _tag: "SessionCreated" | "SessionDeleted" }>

/**
 * How many dead letters of one hook are kept: enough to mend what an outage did, and few enough that a hook which always
 * fails does not fill a disk.
 */
export const maxDeadLetters = 10_000

/**
 * The place that a session must have come to for these entries to go on with it; `undefined` when there are none. Throws when
 * they are not of one session or leave a gap: the owner has lost count.
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
      throw new Error(`What a commit adds to session "${sessionId}" is not consecutive, or not of this session`)
    }
  })
  return start - 1
}

/** What a store can count with. Nobody waits for longer. */
const longest = Number.MAX_SAFE_INTEGER

/**
 * After how many milliseconds of rest a session is to be archived, and deleted. Whole ones, and never too early.
 */
export const restLimits = ({ autoArchiveAfter, autoDeleteAfter, sessionTimeoutMinutes }: SessionConfig) => ({
  archiveAfterMs: earliest([
    ...(autoArchiveAfter ? [Duration.toMillis(autoArchiveAfter)] : []),
    ...(sessionTimeoutMinutes === undefined ? [] : [sessionTimeoutMinutes * 60_000])
  ]),
  deleteAfterMs: earliest(autoDeleteAfter ? [Duration.toMillis(autoDeleteAfter)] : [])
})

const earliest = (millis: ReadonlyArray<number>): number | undefined =>
  millis.length === 0 ? undefined : Math.ceil(Math.min(...millis, longest))

/**
 * The events of a commit. Throws when one of them cannot be stored, or says of a turn what the turn does not, and when a dead
 * letter is not of this session.
 */
export const storedEvents = (
  sessionId: SessionId,
  { deadLetters = [], events = [], turns = [] }: SessionChanges
): ReadonlyArray<StoredEvent> => {
  if (deadLetters.some((letter) => letter.sessionId !== sessionId)) {
    throw new Error(`A commit to session "${sessionId}" carries a dead letter of another`)
  }
  return events.map((event) => {
    switch (event._tag) {
      case "SessionCreated":
      case "SessionDeleted":
        throw new Error(`A commit to session "${sessionId}" carries ${event._tag}, which is never committed`)
      case "TurnFailed":
        if (turns.some(({ error, id }) => id === event.turnId && error !== undefined)) return event
        throw new Error(`Turn "${event.turnId}" of session "${sessionId}" fails without an error of its own`)
      case "TurnJoined":
        if (turns.some(({ id, joined }) => id === event.turnId && joined === event.into)) return event
        throw new Error(`Turn "${event.turnId}" of session "${sessionId}" does not join "${event.into}"`)
      default:
        return event
    }
  })
}

/**
 * Says how many dead letters had to make room, if any.
 */
export const warnOfForgotten = (count: number): Effect.Effect<void> =>
  count === 0 ? Effect.void : Effect.logWarning(
    `${count} dead letters are forgotten: of each hook the latest ${maxDeadLetters} are kept`
  )
