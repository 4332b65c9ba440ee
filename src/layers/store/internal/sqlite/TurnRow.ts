import * as Schema from "effect/Schema"
import { TurnError } from "../../../../domain/error/TurnError.js"
import { IdempotencyKey } from "../../../../domain/IdempotencyKey.js"
import { Prompt, Turn } from "../../../../domain/Turn.js"
import { TurnId } from "../../../../domain/TurnId.js"
import { attemptsColumn } from "./attemptsColumn.js"
import { coded } from "./coded.js"
import { codes } from "./codes.js"
import { idColumn } from "./idColumn.js"
import { nullable } from "./nullable.js"

/**
 * A row of `turns`.
 */
export const TurnRow = Schema.Struct({
  ...Turn.fields,
  id: idColumn(TurnId),
  status: coded(codes.turnStatus),
  prompt: nullable(Schema.parseJson(Prompt)),
  acceptedAt: Schema.DateTimeUtcFromNumber,
  startedAt: nullable(Schema.DateTimeUtcFromNumber),
  endedAt: nullable(Schema.DateTimeUtcFromNumber),
  fallback: nullable(Schema.parseJson(Turn.fields.fallback.from)),
  attempts: nullable(attemptsColumn),
  promptSeq: nullable(Schema.NonNegativeInt),
  replySeq: nullable(Schema.NonNegativeInt),
  error: nullable(Schema.parseJson(TurnError)),
  key: nullable(idColumn(IdempotencyKey)),
  digest: nullable(Schema.String),
  deadlineAt: nullable(Schema.DateTimeUtcFromNumber),
  whenBusy: nullable(coded(codes.busyPolicy)),
  onUnknown: nullable(coded(codes.onUnknown)),
  joined: nullable(idColumn(TurnId)),
  draft: nullable(Schema.String)
})
