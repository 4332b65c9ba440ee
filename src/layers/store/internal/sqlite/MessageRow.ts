import * as Schema from "effect/Schema"
import { JsonRecord } from "../../../../domain/JsonRecord.js"
import { Message } from "../../../../domain/Message.js"
import { MessageId } from "../../../../domain/MessageId.js"
import { TokenUsage } from "../../../../domain/TokenUsage.js"
import { TurnId } from "../../../../domain/TurnId.js"
import { coded } from "./coded.js"
import { codes } from "./codes.js"
import { idColumn } from "./idColumn.js"
import { nullable } from "./nullable.js"
import { partsColumn } from "./partsColumn.js"

const { usage: _, ...fields } = Message.fields
const tokenDetails = TokenUsage.omit("inputTokens", "outputTokens")

const columns = Schema.Struct({
  ...fields,
  id: idColumn(MessageId),
  turnId: nullable(idColumn(TurnId)),
  role: coded(codes.role),
  parts: partsColumn,
  createdAt: Schema.DateTimeUtcFromNumber,
  metadata: Schema.parseJson(JsonRecord),
  finishReason: nullable(coded(codes.finishReason)),
  providerMessageId: nullable(Schema.String),
  providerMetadata: nullable(Schema.parseJson(JsonRecord)),
  inputTokens: nullable(Schema.NonNegativeInt),
  outputTokens: nullable(Schema.NonNegativeInt),
  tokenDetails: nullable(Schema.parseJson(tokenDetails)),
  processingTimeMs: nullable(Schema.NonNegative)
})

/**
 * A row of `messages`.
 */
export const MessageRow = Schema.transform(columns, Schema.typeSchema(Message), {
  strict: true,
  decode: ({ inputTokens, outputTokens, tokenDetails, ...row }) => {
    const usage = inputTokens === undefined || outputTokens === undefined
      ? undefined
      : { inputTokens, outputTokens, ...tokenDetails }
    // The columns have been checked a moment ago; checking them again costs ten times as much as reading them.
    return new Message({ ...row, ...(usage && { usage }) }, { disableValidation: true })
  },
  encode: ({ usage, ...message }) => {
    if (usage === undefined) return message
    const { inputTokens, outputTokens, ...tokenDetails } = usage
    return { ...message, inputTokens, outputTokens, ...(Object.keys(tokenDetails).length > 0 && { tokenDetails }) }
  }
})
