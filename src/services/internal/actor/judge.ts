import { ProviderProtocol } from "../../../domain/error/ProviderProtocol.js"
import type { TurnError } from "../../../domain/error/TurnError.js"
import type { Turn } from "../../../domain/Turn.js"
import type { Reply } from "../../Reply.js"
import type { Halt } from "./RunningTurn.js"
import type { TurnAnswer } from "./runTurn.js"

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
