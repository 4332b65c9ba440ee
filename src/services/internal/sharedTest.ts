import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import * as FiberSet from "effect/FiberSet"
import type * as Scope from "effect/Scope"

/**
 * Runs a test at most once a second, and shares each run among all callers, so that it may cost something however many ask. A run
 * that takes longer than `limit` is interrupted, with the result `onLimit`; a defect of it is logged, with the same result. A run
 * does not end with the caller who began it.
 *
 * Effect's own caches do not fit: callers of `Effect.cachedWithTTL` wait for a lock and wake each other, and those of `Cache` are
 * interrupted with the one who began.
 */
export const shareTest = <A>(
  test: Effect.Effect<A>,
  { limit, onLimit, what }: { readonly limit: Duration.DurationInput; readonly onLimit: A; readonly what: string }
): Effect.Effect<Effect.Effect<A>, never, Scope.Scope> =>
  Effect.map(FiberSet.makeRuntime<never>(), (run) => {
    let last: { readonly startedAt: number; readonly result: Deferred.Deferred<A>; isDone: boolean } | undefined

    const bounded = test.pipe(
      Effect.timeoutTo({ duration: limit, onSuccess: (result) => result, onTimeout: () => onLimit }),
      Effect.catchAllCause((cause) => Effect.as(Effect.logError(`${what} failed with a defect`, cause), onLimit))
    )

    return Effect.flatMap(Clock.currentTimeMillis, (now) => {
      if (last !== undefined && !(last.isDone && isOver(last.startedAt, now))) return Deferred.await(last.result)
      const current = { startedAt: now, result: Deferred.unsafeMake<A>(FiberId.none), isDone: false }
      last = current
      run(bounded).addObserver((exit) => {
        current.isDone = true
        Deferred.unsafeDone(current.result, Effect.succeed(Exit.getOrElse(exit, () => onLimit)))
      })
      return Deferred.await(current.result)
    })
  })

/** Also when the clock was set back. */
const isOver = (startedAt: number, now: number) => Math.abs(now - startedAt) >= 1000
