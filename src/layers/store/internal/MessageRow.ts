import * as Schema from "effect/Schema"
import { FinishReason } from "../../../domain/FinishReason.js"
import { JsonRecord } from "../../../domain/JsonRecord.js"
import { Message } from "../../../domain/Message.js"
import { Part } from "../../../domain/Part.js"
import { TokenUsage } from "../../../domain/TokenUsage.js"
import { TurnId } from "../../../domain/TurnId.js"
import { nullable } from "./nullable.js"

const columns = Schema.Struct({
  ...Message.fields,
  turnId: nullable(TurnId),
  parts: Schema.parseJson(Schema.Array(Part)),
  createdAt: Schema.DateTimeUtcFromNumber,
  metadata: Schema.parseJson(JsonRecord),
  finishReason: nullable(FinishReason),
  providerMessageId: nullable(Schema.String),
  providerMetadata: nullable(Schema.parseJson(JsonRecord)),
  usage: nullable(Schema.parseJson(TokenUsage)),
  processingTimeMs: nullable(Schema.NonNegative)
})

/**
 * A row of `messages`.
 */
export const MessageRow = Schema.transform(columns, Schema.typeSchema(Message), {
  strict: true,
  // The columns have been checked a moment ago; checking them again costs ten times as much as reading them.
  decode: (row) => new Message(row, { disableValidation: true }),
  encode: (message) => message
})
