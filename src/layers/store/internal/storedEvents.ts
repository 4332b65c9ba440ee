import type { SessionId } from "../../../domain/SessionId.js"
import type { SessionChanges } from "../../../services/SessionChanges.js"
import type { StoredEvent } from "./StoredEvent.js"

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
