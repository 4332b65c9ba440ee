import type * as DateTime from "effect/DateTime"
import type { Turn } from "../../../domain/Turn.js"
import type { SessionState } from "./SessionState.js"
import type { Transition } from "./Transition.js"
import { withEvents } from "./withEvents.js"

/**
 * The intent of another provider call for a turn whose last one was lost with its process. Its question is in the history.
 */
export const retryTurn = (
  state: SessionState,
  lost: Turn,
  now: DateTime.Utc
): Transition & { readonly turn: Turn } => {
  const { draft: _, ...rest } = lost
  const turn: Turn = { ...rest, attempt: lost.attempt + 1 }
  return {
    turn,
    ...withEvents({ changes: { turns: [turn] }, next: state }, now, [{ _tag: "TurnStarted", turnId: turn.id }])
  }
}
