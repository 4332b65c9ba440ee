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
import { deepFreeze } from "./middlewareStep.js"

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

const isName = Schema.is(HookName)

/**
 * The bus in memory: a worker for each hook.
 */
export const makeHookBus = Effect.fnUntraced(function*(initial: ReadonlyArray<Hook>) {
  const names = new Set<string>()
  const workers = new Map<string, HookWorker>()

  const takeName = (name: string) =>
    Effect.acquireRelease(
      Effect.suspend(() => {
        if (!isName(name)) return refuse("a hook's name must be 1 to 64 characters, without control characters")
        if (names.has(name)) return refuse(`there are two hooks "${name}"; give one of them another name`)
        return Effect.sync(() => names.add(name))
      }),
      () => Effect.sync(() => names.delete(name))
    )

  const add = Effect.fnUntraced(function*(hook: Hook) {
    yield* takeName(hook.name)
    const worker = yield* makeHookWorker(hook)
    // Released first, so that nothing is added to what the worker then drains.
    yield* Effect.acquireRelease(
      Effect.sync(() => workers.set(hook.name, worker)),
      () => Effect.sync(() => workers.delete(hook.name))
    )
  }, Effect.sequentialFinalizers)

  // Hooks drain side by side when the bus closes: their time limits must not add up.
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
          (taken) => taken.every((one) => one)
        )
      }),

    replay: (name: string, event: SessionEvent) =>
      Effect.suspend(() => {
        const gone = refuse(`there is no hook "${name}"; register it, and replay again`)
        const worker = workers.get(name)
        return worker === undefined
          ? gone
          : Effect.flatMap(worker.tell(deepFreeze(event)), Option.match({ onNone: () => gone, onSome: Effect.succeed }))
      }),

    add,
    hasHooks: Effect.sync(() => workers.size > 0),
    flush: Effect.suspend(() =>
      Effect.forEach(workers.values(), ({ flush }) => flush, { concurrency: "unbounded", discard: true })
    )
  }
})

const refuse = (problem: string) => new ConfigurationError({ problems: [problem] })
