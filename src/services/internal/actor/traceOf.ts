import type { ProviderCursor } from "../../../domain/ProviderCursor.js"
import type { CallTrace } from "./CallTrace.js"
import type { Verdict } from "./judge.js"
import type { Halt } from "./RunningTurn.js"
import type { TurnOutcome } from "./runTurn.js"
import type { SessionState } from "./SessionState.js"

/**
 * What a turn's last provider call leaves behind. `abandoned` is a copy of the conversation that a provider still has, and
 * that nobody will go on with. `seq` is the last one once what was said is stored.
 */
export const traceOf = (
  { session: { cursor: known } }: SessionState,
  { asked, error }: TurnOutcome,
  verdict: Verdict,
  halt: Halt | undefined,
  seq: number
): { readonly trace: CallTrace; readonly abandoned: ProviderCursor | undefined } => {
  const { attempt, notices } = asked.take()
  const stopped = attempt?.error?._tag === "TurnInterrupted" ? halt?.error : undefined
  const trace = { attempt: attempt && stopped ? { ...attempt, error: stopped } : attempt, notices }

  const value = asked.fold.finished()?.cursor
  const { held, target } = asked
  if (held === undefined || target === undefined) return { trace, abandoned: undefined }
  const made = value === undefined ? undefined : { provider: target.provider, value, seq }
  if (verdict._tag !== "Breaks") {
    return { trace: { ...trace, cursor: made }, abandoned: made && !held.goesOn ? known : undefined }
  }
  // What the provider has kept of the turn is not what we keep, unless it has certainly not begun.
  const isInDoubt = error === undefined || !hasNotBegun.has(error._tag)
  return {
    trace: held.goesOn && isInDoubt ? { ...trace, cursor: null } : trace,
    abandoned: held.goesOn ? undefined : made
  }
}

const hasNotBegun: ReadonlySet<string> = new Set([
  "ConfigurationError",
  "ProviderAuth",
  "ProviderQuota",
  "ProviderRejected",
  "ProviderTransient"
])
