import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import type { SessionEvent } from "../../domain/SessionEvent.js"
import type { Hook } from "../Hook.js"
import type { HookFailure } from "../HookFailure.js"
import { makeDelivery } from "./hookDelivery.js"

const capacity = 1024
const drainTime = Duration.seconds(5)

const droppedEvents = Metric.counter("langswarm_session_hook_events_dropped", {
  description: "Events that a hook never saw, because too many were waiting for it",
  incremental: true
})

/**
 * Runs one hook in a fiber of its own until the scope closes; what waits then is given a few seconds.
 */
export const makeHookWorker = Effect.fnUntraced(function*(hook: Hook) {
  const deliveries = yield* Queue.unbounded<Effect.Effect<void>>()
  const deliver = makeDelivery(hook)
  let waiting = 0
  let dropped = 0

  const next = (event: SessionEvent, onDone: (failure: Option.Option<HookFailure>) => void): Effect.Effect<void> =>
    Effect.suspend(() => {
      waiting -= 1
      const delivery = Effect.map(deliver(event), onDone)
      if (dropped === 0 || waiting > capacity / 2) return delivery
      const count = dropped
      dropped = 0
      return Effect.zipRight(
        warn(`Hook "${hook.name}" keeps up again; ${count} events were dropped`),
        delivery
      )
    })

  const drop = Effect.suspend(() => {
    dropped += 1
    const first = dropped === 1
    return Effect.zipRight(
      Metric.increment(Metric.tagged(droppedEvents, "hook", hook.name)),
      first ? warn(`Hook "${hook.name}" is too slow; events are dropped until it keeps up`) : Effect.void
    )
  })

  // Whoever adds a hook may be in a region that cannot be interrupted; the worker must end with its scope all the same.
  const worker = yield* Effect.forkScoped(Effect.interruptible(Effect.forever(Effect.flatten(Queue.take(deliveries)))))

  /** Runs an effect after all that waits, and answers with its result; with none if the hook is stopped before that. */
  const inTurn = <A>(effect: Effect.Effect<A>): Effect.Effect<Option.Option<A>> =>
    Effect.gen(function*() {
      const result = yield* Deferred.make<A>()
      Queue.unsafeOffer(deliveries, Effect.intoDeferred(effect, result))
      return yield* Effect.raceFirst(
        Effect.asSome(Deferred.await(result)),
        Effect.as(Fiber.await(worker), Option.none())
      )
    })
  const flush = Effect.asVoid(inTurn(Effect.void))

  yield* Effect.addFinalizer(() =>
    Effect.interruptible(flush).pipe(
      Effect.timeoutFail({ duration: drainTime, onTimeout: () => waiting }),
      Effect.catchAll((left) => warn(`Hook "${hook.name}" was stopped before it was done; ${left} events still waited`))
    )
  )

  return {
    /**
     * Takes an event and returns at once. Once 1,024 wait, the newest is dropped: then it answers false, and `onDone` never
     * runs.
     */
    offer: (
      event: SessionEvent,
      onDone: (failure: Option.Option<HookFailure>) => void
    ): Effect.Effect<boolean> =>
      Effect.suspend(() => {
        if (waiting >= capacity) return Effect.as(drop, false)
        waiting += 1
        Queue.unsafeOffer(deliveries, next(event, onDone))
        return Effect.succeed(true)
      }),

    /** Tells the hook after all that waits. Answers what became of that; none if the hook has been stopped. */
    tell: (event: SessionEvent) => inTurn(deliver(event)),

    /** Waits until the hook is done with all that was offered before, or has been stopped. */
    flush
  }
})

export interface HookWorker extends Effect.Effect.Success<ReturnType<typeof makeHookWorker>> {}

const warn = (message: string) => Effect.logWarning(message)
