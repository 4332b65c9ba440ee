import * as Duration from "effect/Duration"
import * as Schedule from "effect/Schedule"

/**
 * `Schedule.jittered` in whole milliseconds: after sleeping a fraction of one, a `TestClock` dies in `currentTimeNanos`.
 */
export const jittered = <Out, In, R>(schedule: Schedule.Schedule<Out, In, R>): Schedule.Schedule<Out, In, R> =>
  Schedule.modifyDelay(
    Schedule.jittered(schedule),
    (_, delay) => Duration.millis(Math.ceil(Duration.toMillis(delay)))
  )
