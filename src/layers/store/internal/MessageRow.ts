import * as Schema from "effect/Schema"
import { JsonRecord } from "../../../domain/JsonRecord.js"
import { Message } from "../../../domain/Message.js"
import { Part } from "../../../domain/Part.js"
import { TokenUsage } from "../../../domain/TokenUsage.js"
import { TurnId } from "../../../domain/TurnId.js"
import { coded } from "./coded.js"
import { codes } from "./codes.js"
import { nullable } from "./nullable.js"

const columns = Schema.Struct({
  ...Message.fields,
  turnId: nullable(TurnId),
  role: coded(codes.role),
  parts: Schema.parseJson(Schema.Array(Part)),
  createdAt: Schema.DateTimeUtcFromNumber,
  metadata: Schema.parseJson(JsonRecord),
  finishReason: nullable(coded(codes.finishReason)),
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
