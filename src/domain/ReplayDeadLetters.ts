import * as Schema from "effect/Schema"
import { HookName } from "./HookName.js"
import { SessionId } from "./SessionId.js"

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
