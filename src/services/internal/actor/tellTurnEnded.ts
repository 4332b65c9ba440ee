import * as Option from "effect/Option"
import type { Turn } from "../../../domain/Turn.js"
import type { TurnId } from "../../../domain/TurnId.js"
import type { ActorServices } from "./ActorServices.js"
import type { SessionState } from "./SessionState.js"

/**
 * Tells middleware that a turn is over, or that a send has become none, beside the mailbox: nothing waits for it.
 */
export const tellTurnEnded = (
  { forkEnding, pipeline }: ActorServices,
  { context, session }: SessionState,
  turnId: TurnId,
  turn?: Turn
): void => {
  const ended = pipeline.ended(turn, { session, context, turnId })
  if (Option.isSome(ended)) forkEnding(ended.value)
}
