import * as Schema from "effect/Schema"
import { TurnError } from "./error/TurnError.js"
import { IdempotencyKey, SessionId, TurnId } from "./Ids.js"
import { JsonRecord } from "./Json.js"
import { Part, TokenUsage } from "./Message.js"

/**
 * The cost of one provider call.
 */
export const Cost = Schema.Struct({
  /** Billionths of a US dollar, so that sums are exact. */
  nanoUsd: Schema.NonNegativeInt,
  /** The entry of the price list that was used. Price lists match models by prefix. */
  pricedAs: Schema.String
})
export interface Cost extends Schema.Schema.Type<typeof Cost> {}

/**
 * One provider call of a turn.
 */
export const Attempt = Schema.Struct({
  provider: Schema.String,
  model: Schema.String,
  startedAt: Schema.DateTimeUtc,
  /** Duration in milliseconds. Absent when the process stopped before the call ended. */
  durationMs: Schema.optionalWith(Schema.NonNegative, { exact: true }),
  /** Why it failed. Absent when it answered. */
  error: Schema.optionalWith(TurnError, { exact: true }),
  /** As reported by the provider, also for a call that broke off. */
  usage: Schema.optionalWith(TokenUsage, { exact: true }),
  /** Absent when unknown. An unknown cost is never counted as 0. */
  cost: Schema.optionalWith(Cost, { exact: true }),
  /** The vendor's id of the request, for support cases. */
  requestId: Schema.optionalWith(Schema.String, { exact: true })
})
export interface Attempt extends Schema.Schema.Type<typeof Attempt> {}

/**
 * What happens to a send while another turn runs. `queue`: it waits. `reject`: it fails with `SessionBusy`. `interrupt`: the
 * running turn is stopped and its partial reply is kept. `rollback`: the running turn is stopped, and its question and reply are
 * removed from the history. `steer`: it joins the running turn at its next provider call, or becomes the next turn if there is
 * no such call.
 */
export const BusyPolicy = Schema.Literal("queue", "reject", "interrupt", "rollback", "steer")
export type BusyPolicy = typeof BusyPolicy.Type

/**
 * An optional middleware was skipped. `refused`: it refused, which only a required middleware may do. `timedOut`: it took too
 * long. `wrongAnswer`: its result was invalid. `failed`: it died, or failed with an undeclared error.
 */
export const MiddlewareSkipped = Schema.TaggedStruct("MiddlewareSkipped", {
  middleware: Schema.String,
  stage: Schema.Literal("admission", "turn", "reply"),
  reason: Schema.Literal("refused", "timedOut", "wrongAnswer", "failed")
})
export interface MiddlewareSkipped extends Schema.Schema.Type<typeof MiddlewareSkipped> {}

/**
 * What happens to a turn when it is unknown whether its provider answered: the process died during the call, or the connection
 * broke before any part of the reply arrived. `interrupt`: the turn ends, so that no reply is paid for twice. `retry`: the
 * provider is called again, and may charge twice.
 */
export const OnUnknown = Schema.Literal("interrupt", "retry")
export type OnUnknown = typeof OnUnknown.Type

/**
 * `accepted`: stored and waiting. `calling`: the provider may have been called. The others are terminal: the status never changes
 * again.
 */
export const TurnStatus = Schema.Literal("accepted", "calling", "completed", "stopped", "failed", "interrupted")
export type TurnStatus = typeof TurnStatus.Type

/**
 * The question of a turn. It becomes a message of the history when the turn starts, so that each reply follows its question even
 * when several sends are waiting.
 */
export const Prompt = Schema.Struct({ parts: Schema.Array(Part), metadata: JsonRecord })
export interface Prompt extends Schema.Schema.Type<typeof Prompt> {}

/**
 * A send and its outcome.
 */
export const Turn = Schema.Struct({
  id: TurnId,
  sessionId: SessionId,
  /** Number within the session, in the order of acceptance: 1, 2, 3, ... */
  ordinal: Schema.Positive.pipe(Schema.int()),
  status: TurnStatus,
  /** Number of the current provider call; 0 while `accepted`. */
  attempt: Schema.NonNegativeInt,
  /** Finished provider calls, in order. */
  attempts: Schema.optionalWith(Schema.NonEmptyArray(Attempt), { exact: true }),
  /** The fallback that is being called. Absent for the session's own provider. */
  fallback: Schema.optionalWith(Schema.Struct({ provider: Schema.String, model: Schema.String }), { exact: true }),
  /** Present while `accepted`. */
  prompt: Schema.optionalWith(Prompt, { exact: true }),
  acceptedAt: Schema.DateTimeUtc,
  startedAt: Schema.optionalWith(Schema.DateTimeUtc, { exact: true }),
  endedAt: Schema.optionalWith(Schema.DateTimeUtc, { exact: true }),
  /** `seq` of the question. */
  promptSeq: Schema.optionalWith(Schema.NonNegativeInt, { exact: true }),
  /** `seq` of the reply, or of the partial reply that was kept. */
  replySeq: Schema.optionalWith(Schema.NonNegativeInt, { exact: true }),
  /** Why it ended. Absent when it completed. */
  error: Schema.optionalWith(TurnError, { exact: true }),
  key: Schema.optionalWith(IdempotencyKey, { exact: true }),
  /** Hash of the content, to compare sends with the same key. Present with `key`. */
  digest: Schema.optionalWith(Schema.String, { exact: true }),
  deadlineAt: Schema.optionalWith(Schema.DateTimeUtc, { exact: true }),
  whenBusy: Schema.optionalWith(BusyPolicy, { exact: true }),
  onUnknown: Schema.optionalWith(OnUnknown, { exact: true }),
  /** The turn that it was steered into. Both end with the same status. */
  joined: Schema.optionalWith(TurnId, { exact: true }),
  /** Partial reply at the last checkpoint. Present only while `calling`. */
  draft: Schema.optionalWith(Schema.String, { exact: true })
})
export interface Turn extends Schema.Schema.Type<typeof Turn> {}

/**
 * Whether a turn with this status has ended.
 */
export const isTerminal = (status: TurnStatus): boolean => status !== "accepted" && status !== "calling"

const target = { provider: Schema.String, model: Schema.String }

/**
 * An incident during a turn that did not end it.
 *
 * `AttemptFailed`: a provider call failed, and another follows. `CircuitOpen`: a provider was not called because it failed too
 * often recently; it is tried again after `retryAfterMs`. `HistoryReplayed`: the provider's copy of the conversation had expired,
 * so the whole history was sent. `HistoryTrimmed`: the history was too long for the model, so the oldest `messages` were left
 * out. `PartsOmitted`: the provider does not accept parts of these kinds, so it got a line of text instead, or nothing.
 * `MiddlewareSkipped`: an optional middleware was skipped.
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
