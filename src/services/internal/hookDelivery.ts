import * as Cause from "effect/Cause"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { flow } from "effect/Function"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type { SessionEvent } from "../../domain/SessionEvent.js"
import type { Hook } from "../Hook.js"
import type { HookFailure } from "../HookFailure.js"

const defaultTimeout = Duration.seconds(5)
const defaultRetries = 2
const firstDelay = Duration.millis(100)

const failedEvents = Metric.counter("langswarm_session_hook_events_failed", {
  description: "Events that a hook failed on until its retries were used up",
  incremental: true
})

/**
 * Brings events to a hook, one at a time, each again and again if need be, and answers with what became of that.
 */
export const makeDelivery = (hook: Hook) => {
  const timeout = Duration.decode(hook.timeout ?? defaultTimeout)
  const timedOut = new Cause.TimeoutException(`the hook took longer than ${Duration.format(timeout)}`)

  // `disconnect`, because a hook that cannot be interrupted must not hold up the events after this one either. `exit`,
  // because Effect would log the failure of the fiber that this forks, however often it is tried again.
  const attempt = flow(
    hook.on.bind(hook),
    Effect.exit,
    Effect.disconnect,
    Effect.timeoutFail({ duration: timeout, onTimeout: () => timedOut }),
    Effect.flatten,
    Effect.sandbox
  )
  const again = Schedule.intersect(Schedule.exponential(firstDelay), Schedule.recurs(hook.retries ?? defaultRetries))

  const reasonOf = (cause: Cause.Cause<unknown>): HookFailure["reason"] => {
    if (Option.contains(Cause.failureOption(cause), timedOut)) return "timedOut"
    if (Cause.isFailure(cause)) return "failed"
    return Cause.isInterruptedOnly(cause) ? "interrupted" : "died"
  }

  const giveUp = Effect.fnUntraced(function*(event: SessionEvent, attempts: number, cause: Cause.Cause<unknown>) {
    yield* Effect.annotateLogs(Effect.logError("Hook gave up on an event", cause), {
      hook: hook.name,
      event: event._tag,
      sessionId: event.sessionId
    })
    yield* Metric.increment(Metric.tagged(failedEvents, "hook", hook.name))
    return { hook: hook.name, at: yield* DateTime.now, attempts, reason: reasonOf(cause) }
  })

  return (event: SessionEvent): Effect.Effect<Option.Option<HookFailure>> =>
    Effect.suspend(() => {
      let attempts = 0
      return Effect.suspend(() => {
        attempts += 1
        return hook.filter === undefined || hook.filter(event) ? attempt(event) : Effect.void
      }).pipe(
        Effect.sandbox,
        Effect.mapError(Cause.flatten),
        Effect.retry(again),
        Effect.matchEffect({
          onFailure: (cause) => Effect.map(giveUp(event, attempts, cause), Option.some),
          onSuccess: () => Effect.succeed(Option.none())
        })
      )
    })
}
