import * as Effect from "effect/Effect"
import { maxDeadLetters } from "./maxDeadLetters.js"

/**
 * Says how many dead letters had to make room, if any.
 */
export const warnOfForgotten = (count: number): Effect.Effect<void> =>
  count === 0 ? Effect.void : Effect.logWarning(
    `${count} dead letters are forgotten: of each hook the latest ${maxDeadLetters} are kept`
  )
