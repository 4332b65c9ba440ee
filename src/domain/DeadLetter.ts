import * as Schema from "effect/Schema"
import { HookName, SessionId } from "./Ids.js"
import { pageFields } from "./Page.js"

/**
 * An event that a hook was told of in vain until its retries were used up. `sessionId` and `number` name the event; what the
 * hook said of it is in the log only, since that may quote what people said.
 */
export const DeadLetter = Schema.Struct({
  hook: HookName,
  sessionId: SessionId,
  number: Schema.Positive.pipe(Schema.int()),
  /** The `_tag` of the event. */
  event: Schema.String,
  /** When the hook gave up last. */
  at: Schema.DateTimeUtc,
  /** How often it was told, later replays included. */
  attempts: Schema.Positive.pipe(Schema.int()),
  reason: Schema.Literal("failed", "died", "timedOut", "interrupted")
})
export interface DeadLetter extends Schema.Schema.Type<typeof DeadLetter> {}

/**
 * Which dead letters, in the order in which they came. What is left out matches all.
 */
export const DeadLetterQuery = Schema.Struct({
  hook: Schema.optionalWith(HookName, { exact: true }),
  sessionId: Schema.optionalWith(SessionId, { exact: true }),
  ...pageFields
})
export interface DeadLetterQuery extends Schema.Schema.Type<typeof DeadLetterQuery> {}

/**
 * Which dead letters to tell their hooks of again, the oldest first. What is left out matches all.
 */
export const ReplayDeadLetters = Schema.Struct({
  hook: Schema.optionalWith(HookName, { exact: true }),
  sessionId: Schema.optionalWith(SessionId, { exact: true }),
  /** How many at most: 100 unless told, 1,000 at most. */
  limit: Schema.optionalWith(Schema.Int.pipe(Schema.between(1, 1000)), { exact: true })
})
export interface ReplayDeadLetters extends Schema.Schema.Type<typeof ReplayDeadLetters> {}

/**
 * What has become of them. `told` and `gone` are no dead letters any more: the hook has taken the event, or the event is no
 * longer there, since its message was cleared. `failed` and `unknown` still are: the hook gave up again, or there is no hook
 * of that name now.
 */
export const ReplayOutcome = Schema.Struct({
  told: Schema.NonNegativeInt,
  gone: Schema.NonNegativeInt,
  failed: Schema.NonNegativeInt,
  unknown: Schema.NonNegativeInt
})
export interface ReplayOutcome extends Schema.Schema.Type<typeof ReplayOutcome> {}
