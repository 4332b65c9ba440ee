import { ProviderProtocol } from "../../../domain/error/ProviderError.js"
import type { TurnError } from "../../../domain/error/TurnError.js"
import type { ProviderCursor } from "../../../domain/Provider.js"
import type { Turn } from "../../../domain/Turn.js"
import type { Reply } from "../../../services/Provider.js"
import type { StopRequest } from "./OpenTurn.js"
import type { TurnAnswer, TurnOutcome } from "./runTurn.js"
import type { SessionState } from "./SessionState.js"
import type { CallRecord } from "./turnSteps.js"

/**
 * Decides how a turn continues after a provider call. A `stopRequest` that came after the whole reply has no effect.
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
  const reason = `it paused its reply again after ${maxCalls} calls, the limit of one turn`
  return {
    _tag: "Abort",
    error: new ProviderProtocol({ sessionId: turn.sessionId, provider, reason }),
    reply: cut(reply)
  }
}

/**
 * What happens to the turn, and which reply is kept.
 */
export type TurnDecision =
  | { readonly _tag: "Continue" | "Complete"; readonly reply: Reply }
  | { readonly _tag: "Abort"; readonly error: TurnError; readonly reply: Reply | undefined }

/**
 * The record of a turn's last provider call. `abandoned` is a provider's copy of the conversation that will not be used
 * again. `seq` is the number of the reply once it is stored.
 */
export const toCallRecord = (
  { session: { cursor: previous } }: SessionState,
  { progress, error }: TurnOutcome,
  decision: TurnDecision,
  stopRequest: StopRequest | undefined,
  seq: number
): { readonly record: CallRecord; readonly abandoned: ProviderCursor | undefined } => {
  const { attempt, notices } = progress.take()
  const stopped = attempt?.error?._tag === "TurnInterrupted" ? stopRequest?.error : undefined
  const record = { attempt: attempt && stopped ? { ...attempt, error: stopped } : attempt, notices }

  const value = progress.fold.finished()?.cursor
  const { held, target } = progress
  if (held === undefined || target === undefined) return { record, abandoned: undefined }
  const made = value === undefined ? undefined : { provider: target.provider, value, seq }
  if (decision._tag !== "Abort") {
    return { record: { ...record, cursor: made }, abandoned: made && !held.isResumed ? previous : undefined }
  }
  // The provider's copy differs from the stored history, unless the call is known not to have started.
  const isInDoubt = error === undefined || !notStarted.has(error._tag)
  return {
    record: held.isResumed && isInDoubt ? { ...record, cursor: null } : record,
    abandoned: held.isResumed ? undefined : made
  }
}

const notStarted: ReadonlySet<string> = new Set([
  "ConfigurationError",
  "ProviderAuth",
  "ProviderQuota",
  "ProviderRejected",
  "ProviderTransient"
])

const cut = (reply: Reply): Reply => ({
  ...reply,
  finishReason: "cut",
  parts: reply.parts.filter(({ _tag }) => _tag === "Text")
})

/** Limit of provider calls in one turn. */
const maxCalls = 16
