import * as Schema from "effect/Schema"
import { HookName, SessionId } from "./Ids.js"
import { pageFields } from "./Page.js"

/**
 * An event that a hook failed to handle after all retries. `sessionId` and `number` identify the event. The hook's error is in
 * the log only, because it may quote messages.
 */
export const DeadLetter = Schema.Struct({
  hook: HookName,
  sessionId: SessionId,
  number: Schema.Positive.pipe(Schema.int()),
  /** The `_tag` of the event. */
  event: Schema.String,
  /** Time of the last failed attempt. */
  at: Schema.DateTimeUtc,
  /** Attempts in all, replays included. */
  attempts: Schema.Positive.pipe(Schema.int()),
  reason: Schema.Literal("failed", "died", "timedOut", "interrupted")
})
export interface DeadLetter extends Schema.Schema.Type<typeof DeadLetter> {}

/**
 * Which dead letters to list, oldest first. An absent filter matches everything.
 */
export const DeadLetterQuery = Schema.Struct({
  hook: Schema.optionalWith(HookName, { exact: true }),
  sessionId: Schema.optionalWith(SessionId, { exact: true }),
  ...pageFields
})
export interface DeadLetterQuery extends Schema.Schema.Type<typeof DeadLetterQuery> {}

/**
 * Which dead letters to deliver again, oldest first. An absent filter matches everything.
 */
export const ReplayDeadLetters = Schema.Struct({
  hook: Schema.optionalWith(HookName, { exact: true }),
  sessionId: Schema.optionalWith(SessionId, { exact: true }),
  /** Dead letters to replay, at most 1000. Default: 100. */
  limit: Schema.optionalWith(Schema.Int.pipe(Schema.between(1, 1000)), { exact: true })
})
export interface ReplayDeadLetters extends Schema.Schema.Type<typeof ReplayDeadLetters> {}

/**
 * Result of a replay, as counts. `delivered`: the hook handled the event. `missing`: the event no longer exists, because its message was
 * cleared. Both are removed from the dead letters. `failed`: the hook failed again. `unknown`: no hook of that name is
 * registered. Both stay.
 */
export const ReplayOutcome = Schema.Struct({
  delivered: Schema.NonNegativeInt,
  missing: Schema.NonNegativeInt,
  failed: Schema.NonNegativeInt,
  unknown: Schema.NonNegativeInt
})
export interface ReplayOutcome extends Schema.Schema.Type<typeof ReplayOutcome> {}
