import * as Schema from "effect/Schema"
import { SessionId } from "../SessionId.js"
import { errorFields } from "./internal/errorFields.js"

/**
 * No session of this name can be seen by the caller.
 */
export class SessionNotFound extends Schema.TaggedError<SessionNotFound>()("SessionNotFound", {
  ...errorFields("session_not_found"),
  sessionId: SessionId
}) {
  override get message(): string {
    return `There is no session "${this.sessionId}"; it may have been deleted`
  }
}
