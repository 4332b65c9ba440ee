import * as Schema from "effect/Schema"
import { SessionId } from "../SessionId.js"
import { errorFields } from "./internal/errorFields.js"

/**
 * The session's actor failed. What was acknowledged is stored; the next call starts it again from the store.
 */
export class SessionUnavailable extends Schema.TaggedError<SessionUnavailable>()("SessionUnavailable", {
  ...errorFields("session_unavailable"),
  sessionId: SessionId,
  reason: Schema.String
}) {
  override get message(): string {
    return `Session "${this.sessionId}" is unavailable: ${this.reason}`
  }
}
