import * as Data from "effect/Data"

/**
 * A middleware refuses what it was given. `reason` is shown to the sender, up to 1,000 characters of
 * it.
 */
export class MiddlewareRefusal extends Data.TaggedError("MiddlewareRefusal")<{
  readonly reason: string
  /** Whole milliseconds after which the same may be let through, if that is known. */
  readonly retryAfterMs?: number
}> {}
