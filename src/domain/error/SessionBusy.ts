import * as Schema from "effect/Schema"
import { SessionId } from "../SessionId.js"
import { errorFields } from "./internal/errorFields.js"

/**
 * The session's mailbox is full. Nothing was stored; send again after `retryAfterMs` milliseconds.
 */
export class SessionBusy extends Schema.TaggedError<SessionBusy>()("SessionBusy", {
  ...errorFields("session_busy"),
  sessionId: SessionId,
  retryAfterMs: Schema.NonNegativeInt
}) {
  override get message(): string {
    return `Session "${this.sessionId}" has too many sends waiting; try again in ${this.retryAfterMs} ms`
  }
}
