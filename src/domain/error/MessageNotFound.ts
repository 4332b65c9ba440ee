import * as Schema from "effect/Schema"
import { SessionId } from "../SessionId.js"
import { errorFields } from "./internal/errorFields.js"

/**
 * The session has no message of this name.
 */
export class MessageNotFound extends Schema.TaggedError<MessageNotFound>()("MessageNotFound", {
  ...errorFields("message_not_found"),
  sessionId: SessionId,
  messageId: Schema.String
}) {
  override get message(): string {
    return `There is no message "${this.messageId}" in session "${this.sessionId}"`
  }
}
