import * as Schema from "effect/Schema"
import { Attempt } from "./Attempt.js"
import { BusyPolicy } from "./BusyPolicy.js"
import { TurnError } from "./error/TurnError.js"
import { IdempotencyKey } from "./IdempotencyKey.js"
import { JsonRecord } from "./JsonRecord.js"
import { OnUnknown } from "./OnUnknown.js"
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
  /** Which provider call it is at: 0 while `accepted`. */
  attempt: Schema.NonNegativeInt,
  /** The provider calls that are over, in order. */
  attempts: Schema.optionalWith(Schema.NonEmptyArray(Attempt), { exact: true }),
  /** The fallback that is being called. Absent while that is the session's own provider. */
  fallback: Schema.optionalWith(Schema.Struct({ provider: Schema.String, model: Schema.String }), { exact: true }),
  /** Present while `accepted`. */
  prompt: Schema.optionalWith(Prompt, { exact: true }),
  acceptedAt: Schema.DateTimeUtc,
  startedAt: Schema.optionalWith(Schema.DateTimeUtc, { exact: true }),
  endedAt: Schema.optionalWith(Schema.DateTimeUtc, { exact: true }),
  /** `seq` of the message that asked. */
  promptSeq: Schema.optionalWith(Schema.NonNegativeInt, { exact: true }),
  /** `seq` of the reply, or of the part of it that had arrived. */
  replySeq: Schema.optionalWith(Schema.NonNegativeInt, { exact: true }),
  /** What ended it, unless it completed. */
  error: Schema.optionalWith(TurnError, { exact: true }),
  key: Schema.optionalWith(IdempotencyKey, { exact: true }),
  /** Tells whether a send with the same key says the same. Present with `key`. */
  digest: Schema.optionalWith(Schema.String, { exact: true }),
  deadlineAt: Schema.optionalWith(Schema.DateTimeUtc, { exact: true }),
  whenBusy: Schema.optionalWith(BusyPolicy, { exact: true }),
  onUnknown: Schema.optionalWith(OnUnknown, { exact: true }),
  /** The turn that it was steered into; it ends as that one does. */
  joined: Schema.optionalWith(TurnId, { exact: true }),
  /** What had arrived of the reply at the last checkpoint. Present while `calling` only. */
  draft: Schema.optionalWith(Schema.String, { exact: true })
})
export interface Turn extends Schema.Schema.Type<typeof Turn> {}

export const isTerminal = (status: TurnStatus): boolean => status !== "accepted" && status !== "calling"
