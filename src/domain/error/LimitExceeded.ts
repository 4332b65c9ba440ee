import * as Schema from "effect/Schema"
import { SessionId } from "../SessionId.js"
import { errorFields } from "./internal/errorFields.js"

/**
 * The session's own configuration does not allow the message. Nothing was stored.
 */
export class LimitExceeded extends Schema.TaggedError<LimitExceeded>()("LimitExceeded", {
  ...errorFields("limit_exceeded"),
  sessionId: SessionId,
  limit: Schema.Literal("maxMessages", "maxTokensPerMessage"),
  max: Schema.NonNegativeInt,
  actual: Schema.NonNegativeInt
}) {
  override get message(): string {
    return `Session "${this.sessionId}" has ${this.limit} ${this.max}, and this would be ${this.actual}`
  }
}
