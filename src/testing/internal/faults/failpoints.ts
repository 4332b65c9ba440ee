import * as Config from "effect/Config"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import process from "node:process"
import type { ProviderError } from "../../../domain/error/ProviderError.js"
import { ConfigurationError } from "../../../domain/error/RequestError.js"
import type { OwnershipLost, StoreError } from "../../../domain/error/StoreError.js"
import type { MiddlewareError } from "../../../domain/error/TurnError.js"

/**
 * A step on the way of a turn at which a test may break it, in the order they are passed.
 *
 * - `inAdmission`: admission middleware is through, nothing is stored.
 * - `beforeAccept`, `afterAccept`: around the commit that first stores the turn.
 * - `inTurnMiddleware`: turn middleware is through.
 * - `beforeCall`, `afterIntent`: around the commit that says that the provider may have been called, which is before it is.
 *   Without turn middleware it may be the one that accepts, and turn middleware comes after it.
 * - `midStream`: between two events of the reply.
 * - `beforeEnd`, `afterEnd`: around the commit that ends the turn.
 * - `inHook`: a hook is being told of an event.
 * - `inRecovery`: an owner has read that an earlier one left turns open, and before and after each commit to one of those.
 * - `inDrain`: the host is told to stop, and before each commit from then on.
 */
export const Failpoint = Schema.Literal(
  "inAdmission",
  "beforeAccept",
  "afterAccept",
  "inTurnMiddleware",
  "beforeCall",
  "afterIntent",
  "midStream",
  "beforeEnd",
  "afterEnd",
  "inHook",
  "inRecovery",
  "inDrain"
)
export type Failpoint = typeof Failpoint.Type

type CommitError = OwnershipLost | StoreError

/**
 * What a step may be made to fail with. An error after a commit is one that lies: the commit has happened.
 */
export interface FailpointErrors extends Record<Failpoint, unknown> {
  readonly inAdmission: MiddlewareError
  readonly beforeAccept: CommitError
  readonly afterAccept: CommitError
  readonly beforeCall: CommitError
  readonly afterIntent: CommitError
  readonly inTurnMiddleware: MiddlewareError
  readonly midStream: ProviderError
  readonly beforeEnd: CommitError
  readonly afterEnd: CommitError
  readonly inHook: Error
  readonly inRecovery: StoreError
  readonly inDrain: StoreError
}

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

const variable = "LANGSWARM_FAILPOINT"

/** `point:action` or `point:action:nth`. */
const Order = Schema.split(":").pipe(
  Schema.compose(
    Schema.Tuple(
      Failpoint,
      Schema.Literal("kill", "pause"),
      Schema.optionalElement(Schema.NumberFromString.pipe(Schema.int(), Schema.positive()))
    ),
    { strict: false }
  )
)

/**
 * Arms what the variable says, such as `afterIntent:kill:3`: the means to break a process from outside. A pause that is
 * armed so is for ever.
 */
export const armFromConfig = ({ kill, pause }: FailpointControl): Effect.Effect<void, ConfigurationError> =>
  Effect.flatMap(
    Effect.mapError(Config.option(Schema.Config(variable, Order)), () =>
      new ConfigurationError({
        problems: [
          `${variable} must be a failpoint, then "kill" or "pause", then which time, as in "afterIntent:kill:3"; ` +
          `the failpoints are ${Failpoint.literals.join(", ")}`
        ]
      })),
    Option.match({
      onNone: () => Effect.void,
      onSome: ([point, action, nth]) => (action === "kill" ? kill(point, nth) : Effect.asVoid(pause(point, nth)))
    })
  )
