import type * as DateTime from "effect/DateTime"
import type { Message } from "../../../domain/Message.js"
import { withMessage } from "../../../domain/SessionMetrics.js"
import type { SessionState } from "./SessionState.js"
import type { Transition } from "./Transition.js"

/**
 * More messages at the end of the history. A cut reply is part of it, but no provider sees it again.
 */
export const appendMessages = (
  state: SessionState,
  messages: ReadonlyArray<Message>,
  now: DateTime.Utc,
  windowSize: number
): Transition => {
  const metrics = messages.reduce(withMessage, state.metrics)
  const shown = messages.filter(({ finishReason }) => finishReason !== "cut")
  return {
    changes: { messages, metrics, lastActivityAt: now },
    next: {
      ...state,
      session: { ...state.session, messageCount: state.session.messageCount + messages.length, lastActivityAt: now },
      metrics,
      lastSeq: state.lastSeq + messages.length,
      window: shown.length === 0 ? state.window : [...state.window, ...shown].slice(-windowSize)
    }
  }
}
