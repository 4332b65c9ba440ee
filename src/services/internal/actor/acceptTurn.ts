import type * as DateTime from "effect/DateTime"
import type { Prompt, Turn } from "../../../domain/Turn.js"
import type { TurnId } from "../../../domain/TurnId.js"
import type { SessionState } from "./SessionState.js"
import type { Transition } from "./Transition.js"

/**
 * T1: the turn is stored with what it asks, and will be answered even after a crash.
 */
export const acceptTurn = (
  state: SessionState,
  id: TurnId,
  prompt: Prompt,
  now: DateTime.Utc
): Transition & { readonly turn: Turn } => {
  const ordinal = state.lastOrdinal + 1
  const turn: Turn = { id, sessionId: state.session.id, ordinal, status: "accepted", prompt, acceptedAt: now }
  return { turn, changes: { turns: [turn] }, next: { ...state, lastOrdinal: ordinal } }
}
