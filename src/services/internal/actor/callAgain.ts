import type * as DateTime from "effect/DateTime"
import type { Turn } from "../../../domain/Turn.js"
import type { Target } from "../provider/Target.js"
import { type CallTrace, traceCall } from "./CallTrace.js"
import type { SessionState } from "./SessionState.js"
import type { Transition } from "./Transition.js"
import { withEvents } from "./withEvents.js"

/**
 * The intent of another provider call, after one that said nothing: of the same provider, or of one that stands in for it.
 */
export const callAgain = (
  before: SessionState,
  calling: Turn,
  { model, place, provider }: Target,
  { attempt, notices = [] }: CallTrace,
  now: DateTime.Utc
): Transition & { readonly turn: Turn } => {
  const failed = attempt ? [{ _tag: "AttemptFailed" as const, attempt }] : []
  const traced = traceCall(before, calling, { attempt, notices: [...failed, ...notices] })
  const { fallback: _, ...rest } = traced.turn
  const turn: Turn = { ...rest, attempt: calling.attempt + 1, ...(place > 0 && { fallback: { provider, model } }) }
  const { metrics } = traced.state
  return { turn, ...withEvents({ changes: { metrics, turns: [turn] }, next: traced.state }, now, traced.bodies) }
}
