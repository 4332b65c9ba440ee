import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { setImmediate } from "node:timers"

/**
 * Lets whatever waits for the event loop have its turn, which `Effect.yieldNow` does not.
 */
export const eventLoopTurn: Effect.Effect<void> = Effect.async((resume) => void setImmediate(() => resume(Effect.void)))

/**
 * `Schedule.jittered` in whole milliseconds: a `TestClock` that has slept a fraction of one cannot tell nanoseconds.
 */
export const jittered = <Out, In, R>(schedule: Schedule.Schedule<Out, In, R>): Schedule.Schedule<Out, In, R> =>
  Schedule.modifyDelay(
    Schedule.jittered(schedule),
    (_, delay) => Duration.millis(Math.ceil(Duration.toMillis(delay)))
  )
