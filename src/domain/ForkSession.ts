import * as Schema from "effect/Schema"
import { MessageId } from "./MessageId.js"
import { SessionConfig } from "./SessionConfig.js"
import { UserId } from "./UserId.js"

/**
 * Where a fork leaves its origin, and what is different in it.
 */
export const ForkSession = Schema.Struct({
  /** The last message that both share; the latest unless told. */
  at: Schema.optionalWith(MessageId, { exact: true }),
  /** The origin's unless told, as for all below. */
  userId: Schema.optionalWith(UserId, { exact: true }),
  config: Schema.optionalWith(SessionConfig, { exact: true })
})
export interface ForkSession extends Schema.Schema.Type<typeof ForkSession> {}
