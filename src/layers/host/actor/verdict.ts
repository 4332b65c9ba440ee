import { ProviderProtocol } from "../../../domain/error/ProviderError.js"
import type { TurnError } from "../../../domain/error/TurnError.js"
import type { ProviderCursor } from "../../../domain/Provider.js"
import type { Turn } from "../../../domain/Turn.js"
import type { Reply } from "../../../services/Provider.js"
import type { Halt } from "./OpenTurn.js"
import type { SessionState } from "./SessionState.js"
import type { TurnAnswer, TurnOutcome } from "./turnCalls.js"
import type { CallTrace } from "./turnSteps.js"

/** Provider calls of one turn. */
const maxCalls = 16

/**
 * What a provider call means for its turn, and what of the reply is to be kept.
 */
export type Verdict =
  | { readonly _tag: "GoesOn" | "Completes"; readonly reply: Reply }
  | { readonly _tag: "Breaks"; readonly error: TurnError; readonly reply: Reply | undefined }

/**
 * Decides how a turn goes on once a provider call is over. `halt` is set when somebody wants the turn to end; it counts only
 * if it came in time.
 */
export const judge = (provider: string, turn: Turn, answer: TurnAnswer, halt: Halt | undefined): Verdict => {
  const { error, reply } = answer
  if (error !== undefined) {
    return error._tag === "TurnInterrupted" && halt
      ? { _tag: "Breaks", error: halt.error, reply: halt.keepPartial ? reply : undefined }
      : { _tag: "Breaks", error, reply }
  }
  if (reply.finishReason !== "paused") return { _tag: "Completes", reply }
  if (halt) return { _tag: "Breaks", error: halt.error, reply: halt.keepPartial ? cut(reply) : undefined }
  if (turn.attempt < maxCalls) return { _tag: "GoesOn", reply }
  const reason = `it paused its reply, and ${maxCalls} calls are as many as a turn may make`
  return {
    _tag: "Breaks",
    error: new ProviderProtocol({ sessionId: turn.sessionId, provider, reason }),
    reply: cut(reply)
  }
}

const cut = (reply: Reply): Reply => ({
  ...reply,
  finishReason: "cut",
  parts: reply.parts.filter(({ _tag }) => _tag === "Text")
})

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
