import type { TurnError } from "../../../domain/error/TurnError.js"
import type { TurnId } from "../../../domain/TurnId.js"
import type { EventBody } from "./EventBody.js"

/**
 * What is told of a turn's end.
 */
export const endedEvent = (turnId: TurnId, error: TurnError | undefined): EventBody => {
  if (error === undefined) return { _tag: "TurnCompleted", turnId }
  return error._tag === "TurnStopped" ? { _tag: "TurnStopped", turnId } : { _tag: "TurnFailed", turnId, error }
}
