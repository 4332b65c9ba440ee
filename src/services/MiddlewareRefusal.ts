import * as Data from "effect/Data"

/**
 * A middleware refuses what it was given. `reason` is shown to the sender.
 */
export class MiddlewareRefusal extends Data.TaggedError("MiddlewareRefusal")<{ readonly reason: string }> {}
