import type * as DateTime from "effect/DateTime"
import { Message } from "../../../domain/Message.js"
import type { MessageId } from "../../../domain/MessageId.js"
import type { TurnId } from "../../../domain/TurnId.js"
import type { Reply } from "../../Reply.js"
import type { SessionState } from "./SessionState.js"

/**
 * The message that a reply becomes at the end of the history.
 */
export const replyMessage = (
  { lastSeq, session }: SessionState,
  id: MessageId,
  reply: Reply,
  createdAt: DateTime.Utc,
  turnId: TurnId,
  processingTimeMs: number
): Message =>
  new Message(
    { ...reply, id, sessionId: session.id, seq: lastSeq + 1, turnId, role: "assistant", createdAt, processingTimeMs },
    { disableValidation: true }
  )
