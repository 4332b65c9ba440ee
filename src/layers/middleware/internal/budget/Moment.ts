import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"

/**
 * A moment by the calendar, for days, and in milliseconds of a clock that only ever goes forward, for how long ago
 * something was.
 */
export interface Moment {
  readonly now: DateTime.Utc
  readonly millis: number
}

export const moment: Effect.Effect<Moment> = Effect.map(
  Effect.zip(DateTime.now, Clock.currentTimeNanos),
  ([now, nanos]) => ({ now, millis: Number(nanos) / 1e6 })
)
