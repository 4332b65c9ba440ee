import * as Schema from "effect/Schema"
import { SessionId } from "../SessionId.js"
import { SessionStatus } from "../SessionStatus.js"
import { errorFields } from "./internal/errorFields.js"

/**
 * The session's status does not allow what was asked.
 */
export class SessionStateError extends Schema.TaggedError<SessionStateError>()("SessionStateError", {
  ...errorFields("session_state"),
  sessionId: SessionId,
  status: SessionStatus,
  operation: Schema.String
}) {
  override get message(): string {
    return `Session "${this.sessionId}" is ${this.status}, which does not allow "${this.operation}"`
  }
}
