import type * as DateTime from "effect/DateTime"
import type { Turn } from "../../../domain/Turn.js"
import { traceCall } from "./CallTrace.js"
import { lostCall } from "./lostCall.js"
import type { SessionState } from "./SessionState.js"
import type { Transition } from "./Transition.js"
import { withEvents } from "./withEvents.js"

/**
 * The intent of another provider call for a turn whose last one was lost with its process. Its question is in the history.
 */
export const retryTurn = (
  before: SessionState,
  lost: Turn,
  now: DateTime.Utc
): Transition & { readonly turn: Turn } => {
  const traced = traceCall(before, lost, lostCall(before, lost, now))
  const { draft: _, fallback: __, ...rest } = traced.turn
  const turn: Turn = { ...rest, attempt: lost.attempt + 1 }
  const { changes, state } = traced
  return {
    turn,
    ...withEvents({ changes: { ...changes, metrics: state.metrics, turns: [turn] }, next: state }, now, [
      { _tag: "TurnStarted", turnId: turn.id }
    ])
  }
}
