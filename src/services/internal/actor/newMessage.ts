import { Message } from "../../../domain/Message.js"
import type { SessionState } from "./SessionState.js"

/**
 * A message at the end of the history, `ahead` places after the next one. What an actor makes needs no check.
 */
export const newMessage = (
  { lastSeq, session }: SessionState,
  message: Omit<ConstructorParameters<typeof Message>[0], "seq" | "sessionId">,
  ahead = 0
): Message => new Message({ ...message, sessionId: session.id, seq: lastSeq + 1 + ahead }, { disableValidation: true })
