import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import process from "node:process"
import type { Failpoint, FailpointErrors } from "./Failpoint.js"

/**
 * What an armed failpoint does to whoever passes it for the `nth` time since it was armed.
 */
interface Armed {
  readonly nth: number
  readonly action: Effect.Effect<void, FailpointErrors[Failpoint]>
  passed: number
}

/**
 * A turn, or whatever else came to an armed failpoint, held there.
 */
export interface Pause {
  /** Waits until something is held. */
  readonly reached: Effect.Effect<void>
  /** Lets it go on, now or when it comes. */
  readonly resume: Effect.Effect<void>
}

/**
 * What a test does with failpoints.
 */
export interface FailpointControl {
  /** Kills the process with SIGKILL, so that it cannot tidy up. Node only. */
  readonly kill: (point: Failpoint, nth?: number) => Effect.Effect<void>

  /** Makes the step fail with this error. */
  readonly fail: <Point extends Failpoint>(
    point: Point,
    error: FailpointErrors[Point],
    nth?: number
  ) => Effect.Effect<void>

  /** Holds whoever comes, until it is told to let it go on. */
  readonly pause: (point: Failpoint, nth?: number) => Effect.Effect<Pause>

  /** How often a failpoint was passed, armed or not. */
  readonly passed: (point: Failpoint) => Effect.Effect<number>

  /** Lets a service that a test brings itself pass a failpoint: a hook of its own, a store that is under test. */
  readonly pass: <Point extends Failpoint>(point: Point) => Effect.Effect<void, FailpointErrors[Point]>

  /** From now on each commit passes `inDrain`, as this does. */
  readonly drain: Effect.Effect<void, FailpointErrors["inDrain"]>

  readonly isDraining: Effect.Effect<boolean>
}

/** The process may live on for a moment after its signal, in which it must do nothing more. */
const killProcess = Effect.zipRight(Effect.sync(() => process.kill(process.pid, "SIGKILL")), Effect.never)

export const makeFailpoints = (): FailpointControl => {
  const armed = new Map<Failpoint, Armed>()
  const passes = new Map<Failpoint, number>()
  let draining = false

  const arm = (
    point: Failpoint,
    action: Effect.Effect<void, FailpointErrors[Failpoint]>,
    nth: number
  ): Effect.Effect<void> => Effect.sync(() => void armed.set(point, { nth, action, passed: 0 }))

  const pass: FailpointControl["pass"] = <Point extends Failpoint>(point: Point) =>
    Effect.suspend(() => {
      passes.set(point, (passes.get(point) ?? 0) + 1)
      const found = armed.get(point)
      if (found === undefined || ++found.passed < found.nth) return Effect.void
      armed.delete(point)
      // What is armed under a name fails with that name's errors: `fail` takes no others.
      return found.action as Effect.Effect<void, FailpointErrors[Point]>
    })

  return {
    kill: (point, nth = 1) => arm(point, killProcess, nth),
    fail: (point, error, nth = 1) => arm(point, Effect.fail(error), nth),
    pause: Effect.fnUntraced(function*(point, nth = 1) {
      const reached = yield* Deferred.make<void>()
      const resumed = yield* Deferred.make<void>()
      yield* arm(point, Effect.zipRight(Deferred.succeed(reached, undefined), Deferred.await(resumed)), nth)
      return { reached: Deferred.await(reached), resume: Effect.asVoid(Deferred.succeed(resumed, undefined)) }
    }),
    passed: (point) => Effect.sync(() => passes.get(point) ?? 0),
    pass,
    drain: Effect.suspend(() => {
      draining = true
      return pass("inDrain")
    }),
    isDraining: Effect.sync(() => draining)
  }
}
