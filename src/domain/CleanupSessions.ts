import * as Schema from "effect/Schema"
import { DateTimeFromInput } from "./DateTimeFromInput.js"
import { DurationFromInput } from "./DurationFromInput.js"
import { SessionId } from "./SessionId.js"
import { SessionStatus } from "./SessionStatus.js"

/**
 * Which sessions to clean up: those that were last active before a moment, or rest for longer than so long. One of the two
 * must be given.
 */
export const CleanupSessions = Schema.Struct({
  olderThan: Schema.optionalWith(DurationFromInput, { exact: true }),
  before: Schema.optionalWith(DateTimeFromInput, { exact: true }),
  /** Only those with this status; all unless told. */
  status: Schema.optionalWith(SessionStatus, { exact: true }),
  /** `delete` unless told. */
  action: Schema.optionalWith(Schema.Literal("archive", "delete"), { exact: true }),
  /** How many at most, those that rest longest first. 1,000 unless told, 10,000 at most. */
  limit: Schema.optionalWith(Schema.Int.pipe(Schema.between(1, 10_000)), { exact: true }),
  /** Only tells which they are. */
  dryRun: Schema.optionalWith(Schema.Boolean, { exact: true })
}).pipe(
  Schema.filter(({ before, olderThan }) => (before === undefined) !== (olderThan === undefined), {
    message: () => "must have either olderThan or before"
  })
)
export interface CleanupSessions extends Schema.Schema.Type<typeof CleanupSessions> {}

/**
 * What a cleanup has done.
 */
export const CleanupOutcome = Schema.Struct({
  action: Schema.Literal("archive", "delete"),
  /** Those that were archived or deleted; with `dryRun`, those that would be. */
  sessions: Schema.Array(SessionId),
  /** Those that became active meanwhile, are gone, or cannot be used. */
  spared: Schema.Array(SessionId),
  /** Whether there may be others, which the limit has left. */
  more: Schema.Boolean
})
export interface CleanupOutcome extends Schema.Schema.Type<typeof CleanupOutcome> {}
