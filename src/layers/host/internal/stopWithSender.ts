import type { TurnId } from "../../../domain/TurnId.js"

/**
 * Stops a turn once its sender is gone, also when the sender goes before the turn is accepted.
 */
export const stopWithSender = (stop: (turnId: TurnId) => void) => {
  let turnId: TurnId | undefined
  let gone = false
  let ended = false
  return {
    accepted: (id: TurnId) => {
      turnId = id
      if (gone) stop(id)
    },
    ended: () => {
      ended = true
    },
    left: () => {
      gone = true
      if (turnId !== undefined && !ended) stop(turnId)
    }
  }
}
