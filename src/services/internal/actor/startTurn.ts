import type * as DateTime from "effect/DateTime"
import type { Message } from "../../../domain/Message.js"
import type { Turn } from "../../../domain/Turn.js"
import { appendMessages } from "./appendMessages.js"
import type { SessionState } from "./SessionState.js"
import type { Transition } from "./Transition.js"
import { withEvents } from "./withEvents.js"

/**
 * T2: the question enters the history, after what must stand before it, and the provider may be called from now on.
 */
export const startTurn = (
  state: SessionState,
  accepted: Turn,
  before: ReadonlyArray<Message>,
  question: Message,
  now: DateTime.Utc,
  windowSize: number
): Transition & { readonly turn: Turn } => {
  const { prompt: _, ...rest } = accepted
  const turn: Turn = { ...rest, status: "calling", attempt: 1, startedAt: now, promptSeq: question.seq }
  const messages = [...before, question]
  const { changes, next } = appendMessages(state, messages, now, windowSize)
  const wakes = state.session.status === "idle"
  const started: Transition = {
    changes: { ...changes, turns: [turn], ...(wakes && { status: "active" }) },
    next: wakes ? { ...next, session: { ...next.session, status: "active" } } : next
  }
  return {
    turn,
    ...withEvents(started, now, [
      ...messages.map((message) => ({ _tag: "MessageSent" as const, message })),
      { _tag: "TurnStarted", turnId: turn.id }
    ])
  }
}
