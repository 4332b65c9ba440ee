import type * as DateTime from "effect/DateTime"
import type { Message } from "../../../domain/Message.js"
import type { Turn } from "../../../domain/Turn.js"
import { appendMessages } from "./appendMessages.js"
import { type CallTrace, traceCall } from "./CallTrace.js"
import type { SessionState } from "./SessionState.js"
import type { Transition } from "./Transition.js"
import { withEvents } from "./withEvents.js"

/**
 * A turn that waits to join another, and the message that its prompt becomes.
 */
export interface Joining {
  readonly turn: Turn
  readonly question: Message
}

/**
 * The intent of a turn's further provider call: what the one before it said is stored, and so is what has been steered into
 * the turn meanwhile.
 */
export const continueTurn = (
  before: SessionState,
  running: Turn,
  said: ReadonlyArray<Message>,
  trace: CallTrace,
  joining: ReadonlyArray<Joining>,
  now: DateTime.Utc,
  windowSize: number
): Transition & { readonly turn: Turn; readonly joined: ReadonlyArray<Turn> } => {
  const { bodies, changes: traced, state, turn } = traceCall(before, running, trace)
  const { draft: _, ...rest } = turn
  const continued: Turn = { ...rest, attempt: turn.attempt + 1 }
  const joined = joining.map(({ question, turn: other }): Turn => {
    const { prompt: _, ...accepted } = other
    return {
      ...accepted,
      status: "calling",
      attempt: continued.attempt,
      startedAt: now,
      promptSeq: question.seq,
      joined: turn.id
    }
  })
  const { changes, next } = appendMessages(
    state,
    [...said, ...joining.map(({ question }) => question)],
    now,
    windowSize
  )
  return {
    turn: continued,
    joined,
    ...withEvents({ changes: { ...changes, ...traced, turns: [continued, ...joined] }, next }, now, [
      ...bodies,
      ...said.map((message) => ({ _tag: "MessageReceived" as const, message })),
      ...joining.flatMap(({ question, turn: { id } }) => [
        { _tag: "MessageSent" as const, message: question },
        { _tag: "TurnJoined" as const, turnId: id, into: turn.id }
      ])
    ])
  }
}
