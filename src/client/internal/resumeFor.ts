import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import type { SessionError } from "../../domain/error/SessionError.js"
import { jittered } from "../../services/internal/jittered.js"

/**
 * Makes calls that can be repeated survive a broken connection: they are made again, for as long as it is told. A call that
 * never got through fails at once, since nothing of it is in doubt.
 */
export const resumeFor = (patience: Duration.DurationInput) => {
  const attempts = Schedule.exponential("100 millis", 1.5).pipe(
    Schedule.union(Schedule.spaced("2 seconds")),
    jittered,
    Schedule.upTo(patience)
  )

  return {
    call: <A, E extends SessionError>(call: Effect.Effect<A, E>): Effect.Effect<A, E> =>
      Effect.suspend(() => Effect.retry(call, { schedule: attempts, while: untilCutOff().isAway })),

    /** `next` is run for each connection, and goes on where the one before it ended. */
    stream: <A, E extends SessionError>(next: () => Stream.Stream<A, E>): Stream.Stream<A, E> =>
      Stream.suspend(() => {
        const { isAway, isThere } = untilCutOff()
        return Stream.suspend(next).pipe(
          Stream.tap(() => Effect.sync(isThere)),
          Stream.retry(Schedule.whileInput(attempts, (error: E) => isAway(error)))
        )
      })
  }
}

/** Tells whether a call is to be made again: it was cut off once, and the server is not back yet. */
const untilCutOff = () => {
  let wasCut = false
  let wasThere = false
  return {
    isThere: () => {
      wasThere = true
    },
    isAway: (error: SessionError) => {
      // A server that is about to stop says so to who listens already, and to who comes too late.
      wasCut ||= error._tag === "Disconnected" ? error.sent : error._tag === "ShuttingDown" && wasThere
      return wasCut && (error._tag === "Disconnected" || error._tag === "ShuttingDown")
    }
  }
}
