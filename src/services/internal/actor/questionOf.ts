import type * as DateTime from "effect/DateTime"
import type { Message } from "../../../domain/Message.js"
import type { MessageId } from "../../../domain/MessageId.js"
import type { Prompt } from "../../../domain/Turn.js"
import type { TurnId } from "../../../domain/TurnId.js"
import { newMessage } from "./newMessage.js"
import type { SessionState } from "./SessionState.js"

/**
 * The message that a turn's prompt becomes.
 */
export const questionOf = (
  state: SessionState,
  turn: { readonly id: TurnId; readonly prompt?: Prompt },
  id: MessageId,
  createdAt: DateTime.Utc,
  ahead = 0
): Message => {
  const { metadata, parts } = turn.prompt ?? { parts: [], metadata: {} }
  return newMessage(state, { id, turnId: turn.id, role: "user", parts, metadata, createdAt }, ahead)
}
