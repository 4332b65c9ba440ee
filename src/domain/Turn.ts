import * as Schema from "effect/Schema"
import { JsonRecord } from "./JsonRecord.js"
import { Part } from "./Part.js"
import { SessionId } from "./SessionId.js"
import { TurnId } from "./TurnId.js"

/**
 * `accepted`: durably stored, waits for its turn. `calling`: the provider may have been called. The others end a turn,
 * and none of them is ever left.
 */
export const TurnStatus = Schema.Literal("accepted", "calling", "completed", "stopped", "failed", "interrupted")
export type TurnStatus = typeof TurnStatus.Type

/**
 * What a turn was asked. It becomes a message of the history when the turn starts, so that questions and replies stand in
 * pairs however many sends were waiting.
 */
export const Prompt = Schema.Struct({ parts: Schema.Array(Part), metadata: JsonRecord })
export interface Prompt extends Schema.Schema.Type<typeof Prompt> {}

/**
 * A send, and what became of it.
 */
export const Turn = Schema.Struct({
  id: TurnId,
  sessionId: SessionId,
  /** Place among the session's turns, in the order they were accepted: 1, 2, 3, ... */
  ordinal: Schema.Positive.pipe(Schema.int()),
  status: TurnStatus,
  /** Present while `accepted`. */
  prompt: Schema.optionalWith(Prompt, { exact: true }),
  acceptedAt: Schema.DateTimeUtc,
  startedAt: Schema.optionalWith(Schema.DateTimeUtc, { exact: true }),
  endedAt: Schema.optionalWith(Schema.DateTimeUtc, { exact: true }),
  /** `seq` of the message that asked. */
  promptSeq: Schema.optionalWith(Schema.NonNegativeInt, { exact: true }),
  /** `seq` of the reply, or of the part of it that had arrived. */
  replySeq: Schema.optionalWith(Schema.NonNegativeInt, { exact: true }),
  /** `code` of the error that ended it. */
  errorCode: Schema.optionalWith(Schema.String, { exact: true })
})
export interface Turn extends Schema.Schema.Type<typeof Turn> {}

export const isTerminal = (status: TurnStatus): boolean => status !== "accepted" && status !== "calling"
