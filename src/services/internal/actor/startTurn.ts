import type * as DateTime from "effect/DateTime"
import type { Message } from "../../../domain/Message.js"
import type { Turn } from "../../../domain/Turn.js"
import { appendMessage } from "./appendMessage.js"
import type { SessionState } from "./SessionState.js"
import type { Transition } from "./Transition.js"

/**
 * T2: the question enters the history, and the provider may be called from now on.
 */
export const startTurn = (
  state: SessionState,
  turn: Turn,
  message: Message,
  now: DateTime.Utc,
  windowSize: number
): Transition & { readonly turn: Turn } => {
  const { prompt: _, ...rest } = turn
  const calling: Turn = { ...rest, status: "calling", startedAt: now, promptSeq: message.seq }
  const next = appendMessage(state, message, now, windowSize)
  const wakes = state.session.status === "idle"
  return {
    turn: calling,
    changes: {
      messages: [message],
      turns: [calling],
      metrics: next.metrics,
      lastActivityAt: now,
      ...(wakes && { status: "active" })
    },
    next: wakes ? { ...next, session: { ...next.session, status: "active" } } : next
  }
}
