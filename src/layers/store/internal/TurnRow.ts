import * as Schema from "effect/Schema"
import { Prompt, Turn } from "../../../domain/Turn.js"
import { nullable } from "./nullable.js"

/**
 * A row of `turns`.
 */
export const TurnRow = Schema.Struct({
  ...Turn.fields,
  prompt: nullable(Schema.parseJson(Prompt)),
  acceptedAt: Schema.DateTimeUtcFromNumber,
  startedAt: nullable(Schema.DateTimeUtcFromNumber),
  endedAt: nullable(Schema.DateTimeUtcFromNumber),
  promptSeq: nullable(Schema.NonNegativeInt),
  replySeq: nullable(Schema.NonNegativeInt),
  errorCode: nullable(Schema.String)
})
