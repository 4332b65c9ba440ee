import type * as DateTime from "effect/DateTime"
import type { Message } from "../../../domain/Message.js"
import { withMessage } from "../../../domain/SessionMetrics.js"
import type { SessionState } from "./SessionState.js"

/**
 * The state with one more message at the end. A cut reply is part of the history, but no provider sees it again.
 */
export const appendMessage = (
  state: SessionState,
  message: Message,
  now: DateTime.Utc,
  windowSize: number
): SessionState => ({
  ...state,
  session: { ...state.session, messageCount: state.session.messageCount + 1, lastActivityAt: now },
  metrics: withMessage(state.metrics, message),
  lastSeq: message.seq,
  window: message.finishReason === "cut" ? state.window : [...state.window, message].slice(-windowSize)
})
