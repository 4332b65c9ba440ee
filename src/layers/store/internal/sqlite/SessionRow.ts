import * as Schema from "effect/Schema"
import { ProviderCursor } from "../../../../domain/ProviderCursor.js"
import { SessionConfig } from "../../../../domain/SessionConfig.js"
import { SessionId } from "../../../../domain/SessionId.js"
import { SessionInfo } from "../../../../domain/SessionInfo.js"
import { nullable } from "./nullable.js"

/**
 * The columns of `sessions` that a list shows.
 */
export const SessionRow = Schema.Struct({
  ...SessionInfo.fields,
  config: Schema.parseJson(SessionConfig),
  createdAt: Schema.DateTimeUtcFromNumber,
  lastActivityAt: Schema.DateTimeUtcFromNumber,
  cursor: nullable(Schema.parseJson(ProviderCursor)),
  forkedFrom: nullable(Schema.parseJson(Schema.Struct({ sessionId: SessionId, seq: Schema.NonNegativeInt })))
})
