import * as Schema from "effect/Schema"
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
  messageCount: Schema.NonNegativeInt
})
export interface SessionInfo extends Schema.Schema.Type<typeof SessionInfo> {}
