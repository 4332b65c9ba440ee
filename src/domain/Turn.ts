import * as Schema from "effect/Schema"
import { TurnError } from "./error/TurnError.js"
import { IdempotencyKey, SessionId, TurnId } from "./Ids.js"
import { JsonRecord } from "./Json.js"
import { Part, TokenUsage } from "./Message.js"

/**
 * What one provider call costs, as far as the prices are known.
 */
export const Cost = Schema.Struct({
  /** In billionths of a US dollar, so that sums are exact. */
  nanoUsd: Schema.NonNegativeInt,
  /** The entry of the price list that was taken: lists match models by prefix. */
  pricedAs: Schema.String
})
export interface Cost extends Schema.Schema.Type<typeof Cost> {}

/**
 * One call of a provider on behalf of a turn.
 */
export const Attempt = Schema.Struct({
  provider: Schema.String,
  model: Schema.String,
  startedAt: Schema.DateTimeUtc,
  /** Milliseconds, to its end. Absent when its process did not see that. */
  durationMs: Schema.optionalWith(Schema.NonNegative, { exact: true }),
  /** What ended it, unless it answered. */
  error: Schema.optionalWith(TurnError, { exact: true }),
  /** As far as the provider said, also of a call that broke off. */
  usage: Schema.optionalWith(TokenUsage, { exact: true }),
  /** Absent when it is not known: never taken for 0. */
  cost: Schema.optionalWith(Cost, { exact: true }),
  /** The vendor's own name of the request, for its support. */
  requestId: Schema.optionalWith(Schema.String, { exact: true })
})
export interface Attempt extends Schema.Schema.Type<typeof Attempt> {}

/**
 * What becomes of a send while another turn runs. `queue`: it waits for its turn. `reject`: it fails with `SessionBusy`.
 * `interrupt`: the running turn is stopped and keeps what had arrived. `rollback`: it is stopped, and question and answer
 * leave the history. `steer`: it joins the running turn at its next provider call, and is the next turn if there is none.
 */
export const BusyPolicy = Schema.Literal("queue", "reject", "interrupt", "rollback", "steer")
export type BusyPolicy = typeof BusyPolicy.Type

/**
 * An optional middleware did not do its work, and the turn went on without it. `refused`: it refused, which only a required
 * one may. `timedOut`: it took too long. `wrongAnswer`: what it answered was not taken. `failed`: a defect, or a failure
 * that it does not declare.
 */
export const MiddlewareSkipped = Schema.TaggedStruct("MiddlewareSkipped", {
  middleware: Schema.String,
  stage: Schema.Literal("admission", "turn", "reply"),
  reason: Schema.Literal("refused", "timedOut", "wrongAnswer", "failed")
})
export interface MiddlewareSkipped extends Schema.Schema.Type<typeof MiddlewareSkipped> {}

/**
 * What becomes of a turn when nobody knows whether its provider has answered: the process died meanwhile, or the connection
 * broke before anything of a reply had come. `interrupt`: it ends, so that no reply is paid for twice. `retry`: it is asked
 * for again, and may be.
 */
export const OnUnknown = Schema.Literal("interrupt", "retry")
export type OnUnknown = typeof OnUnknown.Type

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

const target = { provider: Schema.String, model: Schema.String }

/**
 * Something that happened on the way of a turn that was answered all the same, or may be yet.
 *
 * `AttemptFailed`: a provider call failed, and another follows. `CircuitOpen`: a provider was not called, because it has
 * failed too often lately; it is tried again after `retryAfterMs`. `HistoryReplayed`: the provider's own copy of the
 * conversation was gone, so the whole history was sent. `HistoryTrimmed`: the history was too long for the model, so the
 * oldest `messages` of it were left out. `PartsOmitted`: the provider takes no parts of these kinds, and was shown a line of
 * text in their place, or nothing. `MiddlewareSkipped`: an optional middleware did not do its work.
 */
export const TurnNotice = Schema.Union(
  Schema.TaggedStruct("AttemptFailed", { attempt: Attempt }),
  Schema.TaggedStruct("CircuitOpen", { ...target, retryAfterMs: Schema.NonNegative }),
  Schema.TaggedStruct("HistoryReplayed", target),
  Schema.TaggedStruct("HistoryTrimmed", { ...target, messages: Schema.NonNegativeInt }),
  Schema.TaggedStruct("PartsOmitted", { ...target, kinds: Schema.Array(Schema.String) }),
  MiddlewareSkipped
)
export type TurnNotice = typeof TurnNotice.Type
