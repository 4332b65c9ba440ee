import type * as DateTime from "effect/DateTime"
import type { TurnStopped } from "../../../domain/error/TurnStopped.js"
import type { Turn } from "../../../domain/Turn.js"
import type { SessionState } from "./SessionState.js"
import type { Transition } from "./Transition.js"

/**
 * The end of a turn that never began: nothing of it enters the history.
 */
export const dropTurn = (state: SessionState, turn: Turn, error: TurnStopped, now: DateTime.Utc): Transition => {
  const { prompt: _, ...rest } = turn
  return { changes: { turns: [{ ...rest, status: "stopped", endedAt: now, errorCode: error.code }] }, next: state }
}
