import type * as DateTime from "effect/DateTime"
import { Message } from "../../../domain/Message.js"
import type { MessageId } from "../../../domain/MessageId.js"
import type { Prompt } from "../../../domain/Turn.js"
import type { TurnId } from "../../../domain/TurnId.js"
import type { SessionState } from "./SessionState.js"

/**
 * The message that a prompt becomes at the end of the history: a user's if it belongs to a turn, else the application's.
 */
export const promptMessage = (
  { lastSeq, session }: SessionState,
  id: MessageId,
  { metadata, parts }: Prompt,
  createdAt: DateTime.Utc,
  turnId?: TurnId
): Message =>
  new Message(
    {
      id,
      sessionId: session.id,
      seq: lastSeq + 1,
      role: turnId === undefined ? "system" : "user",
      parts,
      createdAt,
      metadata,
      ...(turnId !== undefined && { turnId })
    },
    { disableValidation: true }
  )
