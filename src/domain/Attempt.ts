import * as Schema from "effect/Schema"
import { Cost } from "./Cost.js"
import { TurnError } from "./error/TurnError.js"
import { TokenUsage } from "./TokenUsage.js"

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
