import { ProviderProtocol } from "../../../domain/error/ProviderError.js"
import type { TurnError } from "../../../domain/error/TurnError.js"
import type { ProviderCursor } from "../../../domain/Provider.js"
import type { Turn } from "../../../domain/Turn.js"
import type { Reply } from "../../../services/Provider.js"
import type { StopRequest } from "./OpenTurn.js"
import type { SessionState } from "./SessionState.js"
import type { TurnAnswer, TurnOutcome } from "./turnCalls.js"
import type { CallRecord } from "./turnSteps.js"

/** Provider calls of one turn. */
const maxCalls = 16

/**
 * What a provider call means for its turn, and what of the reply is to be kept.
 */
export type TurnDecision =
  | { readonly _tag: "Continue" | "Complete"; readonly reply: Reply }
  | { readonly _tag: "Abort"; readonly error: TurnError; readonly reply: Reply | undefined }

/**
 * Decides how a turn goes on once a provider call is over. `stopRequest` is set when somebody wants the turn to end; it counts only
 * if it came in time.
 */
export const decideTurn = (
  provider: string,
  turn: Turn,
  answer: TurnAnswer,
  stopRequest: StopRequest | undefined
): TurnDecision => {
  const { error, reply } = answer
  if (error !== undefined) {
    return error._tag === "TurnInterrupted" && stopRequest
      ? { _tag: "Abort", error: stopRequest.error, reply: stopRequest.keepPartial ? reply : undefined }
      : { _tag: "Abort", error, reply }
  }
  if (reply.finishReason !== "paused") return { _tag: "Complete", reply }
  if (stopRequest) {
    return { _tag: "Abort", error: stopRequest.error, reply: stopRequest.keepPartial ? cut(reply) : undefined }
  }
  if (turn.attempt < maxCalls) return { _tag: "Continue", reply }
  const reason = `it paused its reply, and ${maxCalls} calls are as many as a turn may make`
  return {
    _tag: "Abort",
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
export const recordCall = (
  { session: { cursor: known } }: SessionState,
  { asked, error }: TurnOutcome,
  verdict: TurnDecision,
  stopRequest: StopRequest | undefined,
  seq: number
): { readonly trace: CallRecord; readonly abandoned: ProviderCursor | undefined } => {
  const { attempt, notices } = asked.take()
  const stopped = attempt?.error?._tag === "TurnInterrupted" ? stopRequest?.error : undefined
  const trace = { attempt: attempt && stopped ? { ...attempt, error: stopped } : attempt, notices }

  const value = asked.fold.finished()?.cursor
  const { held, target } = asked
  if (held === undefined || target === undefined) return { trace, abandoned: undefined }
  const made = value === undefined ? undefined : { provider: target.provider, value, seq }
  if (verdict._tag !== "Abort") {
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
