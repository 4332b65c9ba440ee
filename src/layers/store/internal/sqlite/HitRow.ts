import * as Schema from "effect/Schema"
import { MessageId } from "../../../../domain/MessageId.js"
import { SessionId } from "../../../../domain/SessionId.js"
import { coded } from "./coded.js"
import { codes } from "./codes.js"
import { idColumn } from "./idColumn.js"
import { nullable } from "./nullable.js"

/**
 * A row of `selectHits`. Without a session there is nothing to show.
 */
export const HitRow = Schema.Struct({
  key: Schema.NonNegativeInt,
  seq: Schema.NonNegativeInt,
  sessionId: nullable(SessionId),
  name: nullable(Schema.String),
  description: nullable(Schema.String),
  at: nullable(Schema.DateTimeUtcFromNumber),
  messageId: nullable(idColumn(MessageId)),
  role: nullable(coded(codes.role)),
  parts: nullable(Schema.String)
})
