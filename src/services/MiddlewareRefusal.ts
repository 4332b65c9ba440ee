import * as Data from "effect/Data"

/**
 * A middleware refuses what it was given. The sender is shown `reason`, up to 1,000 characters.
 */
export class MiddlewareRefusal extends Data.TaggedError("MiddlewareRefusal")<{
  readonly reason: string
  /** Whole milliseconds after which the same may be let through, if that is known. */
  readonly retryAfterMs?: number
}> {}
