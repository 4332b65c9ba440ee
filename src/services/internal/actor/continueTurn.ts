import type * as DateTime from "effect/DateTime"
import type { Message } from "../../../domain/Message.js"
import { withProviderCall } from "../../../domain/SessionMetrics.js"
import type { Turn } from "../../../domain/Turn.js"
import { appendMessages } from "./appendMessages.js"
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
  state: SessionState,
  turn: Turn,
  said: ReadonlyArray<Message>,
  joining: ReadonlyArray<Joining>,
  now: DateTime.Utc,
  windowSize: number
): Transition & { readonly turn: Turn; readonly joined: ReadonlyArray<Turn> } => {
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
  const called = { ...state, metrics: withProviderCall(state.metrics, false) }
  const { changes, next } = appendMessages(
    called,
    [...said, ...joining.map(({ question }) => question)],
    now,
    windowSize
  )
  return {
    turn: continued,
    joined,
    ...withEvents({ changes: { ...changes, turns: [continued, ...joined] }, next }, now, [
      ...said.map((message) => ({ _tag: "MessageReceived" as const, message })),
      ...joining.flatMap(({ question, turn: { id } }) => [
        { _tag: "MessageSent" as const, message: question },
        { _tag: "TurnJoined" as const, turnId: id, into: turn.id }
      ])
    ])
  }
}
