import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { StoreError } from "../../../../domain/error/StoreError.js"

const for5Seconds = Schedule.exponential("1 millis").pipe(
  Schedule.union(Schedule.spaced("50 millis")),
  Schedule.upTo("5 seconds")
)

/**
 * Waits for up to 5 seconds while another process holds the database. SQLite's own busy timeout would do the same by
 * putting the whole process to sleep.
 */
export const retryWhileBusy = <A, E extends { readonly _tag: string }, R>(
  effect: Effect.Effect<A, E | StoreError, R>
): Effect.Effect<A, E | StoreError, R> => Effect.retry(effect, { while: isBusy, schedule: for5Seconds })

const isBusy = (error: { readonly _tag: string; readonly reason?: unknown }): boolean =>
  error._tag === "StoreError" && error.reason === "Busy"
