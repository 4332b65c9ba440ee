import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { flow } from "effect/Function"
import * as Metric from "effect/Metric"
import * as Schedule from "effect/Schedule"
import type { SessionEvent } from "../../domain/SessionEvent.js"
import type { Hook } from "../Hook.js"

const defaultTimeout = Duration.seconds(5)
const defaultRetries = 2
const firstDelay = Duration.millis(100)

const failedEvents = Metric.counter("langswarm_session_hook_events_failed", {
  description: "Events that a hook failed on until its retries were used up",
  incremental: true
})

/**
 * Brings events to a hook, one at a time, each again and again if need be, and answers for whatever becomes of it.
 */
export const makeDelivery = (hook: Hook) => {
  // `disconnect`, because a hook that cannot be interrupted must not hold up the events after this one either. `exit`,
  // because Effect would log the failure of the fiber that this forks, however often it is tried again.
  const attempt = flow(
    hook.on.bind(hook),
    Effect.exit,
    Effect.disconnect,
    Effect.timeout(hook.timeout ?? defaultTimeout),
    Effect.flatten,
    Effect.sandbox
  )
  const again = Schedule.intersect(Schedule.exponential(firstDelay), Schedule.recurs(hook.retries ?? defaultRetries))

  return (event: SessionEvent): Effect.Effect<void> =>
    Effect.suspend(() => hook.filter === undefined || hook.filter(event) ? attempt(event) : Effect.void).pipe(
      Effect.sandbox,
      Effect.mapError(Cause.flatten),
      Effect.retry(again),
      Effect.catchAll((cause) =>
        Effect.zipRight(
          Effect.annotateLogs(Effect.logError("Hook gave up on an event", cause), {
            hook: hook.name,
            event: event._tag,
            sessionId: event.sessionId
          }),
          Metric.increment(Metric.tagged(failedEvents, "hook", hook.name))
        )
      )
    )
}
