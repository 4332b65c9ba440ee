import * as Cause from "effect/Cause"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { constVoid, flow } from "effect/Function"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { ConfigurationError } from "../../domain/error/RequestError.js"
import type { SessionEvent } from "../../domain/Events.js"
import { HookName } from "../../domain/Ids.js"
import type { Hook, HookFailure } from "../Hook.js"
import { deepFreeze } from "./deepFreeze.js"

/**
 * An in-memory bus with one worker for each hook.
 */
export const makeHookBus = Effect.fnUntraced(function*(initial: ReadonlyArray<Hook>) {
  const names = new Set<string>()
  const workers = new Map<string, HookWorker>()

  const takeName = (name: string) =>
    Effect.acquireRelease(
      Effect.suspend(() => {
        if (!isName(name)) return refuse("a hook's name must be 1 to 64 characters, without control characters")
        if (names.has(name)) return refuse(`two hooks are named "${name}": rename one of them`)
        return Effect.sync(() => names.add(name))
      }),
      () => Effect.sync(() => names.delete(name))
    )

  const add = Effect.fnUntraced(function*(hook: Hook) {
    yield* takeName(hook.name)
    const worker = yield* makeHookWorker(hook)
    // Removed before the worker drains, so that nothing is offered to it meanwhile.
    yield* Effect.acquireRelease(
      Effect.sync(() => workers.set(hook.name, worker)),
      () => Effect.sync(() => workers.delete(hook.name))
    )
  }, Effect.sequentialFinalizers)

  // Hooks drain in parallel when the bus closes, so that their time limits do not add up.
  yield* Effect.parallelFinalizers(Effect.forEach(initial, add, { discard: true }))

  return {
    publish: (
      event: SessionEvent,
      onDelivered: (failures: ReadonlyArray<HookFailure>) => void = constVoid
    ): Effect.Effect<boolean> =>
      Effect.suspend(() => {
        const failures: Array<HookFailure> = []
        let left = workers.size
        if (left === 0) {
          onDelivered(failures)
          return Effect.succeed(true)
        }
        const onDone = (failure: Option.Option<HookFailure>) => {
          if (Option.isSome(failure)) failures.push(failure.value)
          left -= 1
          if (left === 0) onDelivered(failures)
        }
        return Effect.map(
          Effect.forEach(workers.values(), (worker) => worker.offer(deepFreeze(event), onDone)),
          (accepted) => accepted.every((one) => one)
        )
      }),

    replay: (name: string, event: SessionEvent) =>
      Effect.suspend(() => {
        const gone = refuse(`no hook is named "${name}": register it, and replay again`)
        const worker = workers.get(name)
        return worker === undefined
          ? gone
          : Effect.flatMap(
            worker.deliver(deepFreeze(event)),
            Option.match({ onNone: () => gone, onSome: Effect.succeed })
          )
      }),

    add,
    hasHooks: Effect.sync(() => workers.size > 0),
    flush: Effect.suspend(() =>
      Effect.forEach(workers.values(), ({ flush }) => flush, { concurrency: "unbounded", discard: true })
    )
  }
})

const isName = Schema.is(HookName)

const refuse = (problem: string) => new ConfigurationError({ problems: [problem] })

interface HookWorker extends Effect.Effect.Success<ReturnType<typeof makeHookWorker>> {}

/** Waiting events of one hook. */
const capacity = 1024
const drainTime = Duration.seconds(5)

const droppedEvents = Metric.counter("langswarm_session_hook_events_dropped", {
  description: "Events dropped because too many were waiting for the hook",
  incremental: true
})

/**
 * Runs one hook in its own fiber until the scope closes. Waiting events then have a few seconds to be handled.
 */
const makeHookWorker = Effect.fnUntraced(function*(hook: Hook) {
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
        Effect.logWarning(`Hook "${hook.name}" caught up; ${count} events were dropped`),
        delivery
      )
    })

  const drop = Effect.suspend(() => {
    dropped += 1
    const first = dropped === 1
    return Effect.zipRight(
      Metric.increment(Metric.tagged(droppedEvents, "hook", hook.name)),
      first
        ? Effect.logWarning(`Hook "${hook.name}" is too slow; events are dropped until it catches up`)
        : Effect.void
    )
  })

  // Interruptible even if the hook is added in an uninterruptible region, so that the worker ends with its scope.
  const worker = yield* Effect.forkScoped(Effect.interruptible(Effect.forever(Effect.flatten(Queue.take(deliveries)))))

  /** Runs an effect after all waiting deliveries. None if the worker stops before that. */
  const enqueue = <A>(effect: Effect.Effect<A>): Effect.Effect<Option.Option<A>> =>
    Effect.gen(function*() {
      const result = yield* Deferred.make<A>()
      Queue.unsafeOffer(deliveries, Effect.intoDeferred(effect, result))
      return yield* Effect.raceFirst(
        Effect.asSome(Deferred.await(result)),
        Effect.as(Fiber.await(worker), Option.none())
      )
    })
  const flush = Effect.asVoid(enqueue(Effect.void))

  yield* Effect.addFinalizer(() =>
    Effect.interruptible(flush).pipe(
      Effect.timeoutFail({ duration: drainTime, onTimeout: () => waiting }),
      Effect.catchAll((left) =>
        Effect.logWarning(`Hook "${hook.name}" was stopped before it was done; ${left} events were still waiting`)
      )
    )
  )

  return {
    /**
     * Queues an event and returns at once. Returns false when the queue is full: then the event is dropped, and `onDone` never
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

    /** Delivers an event after all waiting ones, and returns its failure, if any. None if the hook stops before that. */
    deliver: (event: SessionEvent) => enqueue(deliver(event)),

    /** Waits for all events offered before, or until the hook stops. */
    flush
  }
})

const defaultTimeout = Duration.seconds(5)
const defaultRetries = 2
const firstDelay = Duration.millis(100)

const failedEvents = Metric.counter("langswarm_session_hook_events_failed", {
  description: "Events that a hook failed to handle after all retries",
  incremental: true
})

/**
 * Runs a hook for an event with its filter, timeout and retries. Returns the failure, if the last attempt failed.
 */
const makeDelivery = (hook: Hook) => {
  const timeout = Duration.decode(hook.timeout ?? defaultTimeout)
  const timedOut = new Cause.TimeoutException(`the hook took longer than ${Duration.format(timeout)}`)

  // `disconnect`, so that a hook that cannot be interrupted does not hold up later events. `exit`, because Effect would log
  // the failure of the forked fiber at each attempt.
  const attempt = flow(
    hook.on.bind(hook),
    Effect.exit,
    Effect.disconnect,
    Effect.timeoutFail({ duration: timeout, onTimeout: () => timedOut }),
    Effect.flatten,
    Effect.sandbox
  )
  const retries = Schedule.intersect(Schedule.exponential(firstDelay), Schedule.recurs(hook.retries ?? defaultRetries))

  const toReason = (cause: Cause.Cause<unknown>): HookFailure["reason"] => {
    if (Option.contains(Cause.failureOption(cause), timedOut)) return "timedOut"
    if (Cause.isFailure(cause)) return "failed"
    return Cause.isInterruptedOnly(cause) ? "interrupted" : "died"
  }

  const fail = Effect.fnUntraced(function*(event: SessionEvent, attempts: number, cause: Cause.Cause<unknown>) {
    yield* Effect.annotateLogs(Effect.logError("Hook failed to handle an event", cause), {
      hook: hook.name,
      event: event._tag,
      sessionId: event.sessionId
    })
    yield* Metric.increment(Metric.tagged(failedEvents, "hook", hook.name))
    return { hook: hook.name, at: yield* DateTime.now, attempts, reason: toReason(cause) }
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
        Effect.retry(retries),
        Effect.matchEffect({
          onFailure: (cause) => Effect.map(fail(event, attempts, cause), Option.some),
          onSuccess: () => Effect.succeed(Option.none())
        })
      )
    })
}
