import * as Schema from "effect/Schema"
import { ProviderCursor } from "./ProviderCursor.js"
import { SessionConfig } from "./SessionConfig.js"
import { SessionId } from "./SessionId.js"
import { SessionStatus } from "./SessionStatus.js"
import { UserId } from "./UserId.js"

/**
 * What a list of sessions shows of one.
 */
export const SessionInfo = Schema.Struct({
  id: SessionId,
  userId: UserId,
  provider: Schema.String,
  model: Schema.String,
  status: SessionStatus,
  config: SessionConfig,
  createdAt: Schema.DateTimeUtc,
  lastActivityAt: Schema.DateTimeUtc,
  /** Messages in the history now. */
  messageCount: Schema.NonNegativeInt,
  /** The provider's own copy of the conversation, where there is one that can be gone on with. */
  cursor: Schema.optionalWith(ProviderCursor, { exact: true }),
  /** Where its history comes from, up to and with the message of that `seq`. */
  forkedFrom: Schema.optionalWith(Schema.Struct({ sessionId: SessionId, seq: Schema.NonNegativeInt }), { exact: true })
})
export interface SessionInfo extends Schema.Schema.Type<typeof SessionInfo> {}
