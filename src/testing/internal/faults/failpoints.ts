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
 * A step of a turn at which a test can interfere, in the order of execution.
 *
 * - `inAdmission`: after admission middleware; nothing is stored.
 * - `beforeAccept`, `afterAccept`: around the commit that first stores the turn.
 * - `inTurnMiddleware`: after turn middleware.
 * - `beforeCall`, `afterIntent`: around the commit that records that the provider may have been called, which precedes the call.
 *   Without turn middleware this can be the accepting commit, followed by `inTurnMiddleware`.
 * - `midStream`: between two events of the reply.
 * - `beforeEnd`, `afterEnd`: around the commit that ends the turn.
 * - `inHook`: while a hook handles an event.
 * - `inRecovery`: after an owner has read turns left open by an earlier one, and before and after each commit to them.
 * - `inDrain`: when the host starts to stop, and before each commit after that.
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
 * The errors that can be injected at each step. After a commit, the error is false: the commit has happened.
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
 * The action of an armed failpoint on its `nth` pass.
 */
interface Armed {
  readonly nth: number
  readonly action: Effect.Effect<void, FailpointErrors[Failpoint]>
  passed: number
}

/**
 * A pass that is held at a failpoint.
 */
export interface Pause {
  /** Waits until a pass is held. */
  readonly reached: Effect.Effect<void>
  /** Releases the pass, also in advance. */
  readonly resume: Effect.Effect<void>
}

/**
 * Controls failpoints.
 */
export interface FailpointControl {
  /** Kills the process with SIGKILL, without any cleanup. Node only. */
  readonly kill: (point: Failpoint, nth?: number) => Effect.Effect<void>

  /** Makes the step fail with this error. */
  readonly fail: <Point extends Failpoint>(
    point: Point,
    error: FailpointErrors[Point],
    nth?: number
  ) => Effect.Effect<void>

  /** Holds a pass until it is resumed. */
  readonly pause: (point: Failpoint, nth?: number) => Effect.Effect<Pause>

  /** Number of passes, armed or not. */
  readonly passed: (point: Failpoint) => Effect.Effect<number>

  /** Passes a failpoint, for services of the test itself, such as a hook or a store under test. */
  readonly pass: <Point extends Failpoint>(point: Point) => Effect.Effect<void, FailpointErrors[Point]>

  /** Passes `inDrain`, and makes each later commit pass it. */
  readonly drain: Effect.Effect<void, FailpointErrors["inDrain"]>

  readonly isDraining: Effect.Effect<boolean>
}

/** The process can survive its signal for a moment, and must do nothing in that time. */
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
      // `fail` accepts only the errors of this point.
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
 * Arms the failpoint named by the environment variable, such as `afterIntent:kill:3`. A pause armed this way never ends.
 */
export const armFromConfig = ({ kill, pause }: FailpointControl): Effect.Effect<void, ConfigurationError> =>
  Effect.flatMap(
    Effect.mapError(Config.option(Schema.Config(variable, Order)), () =>
      new ConfigurationError({
        problems: [
          `${variable} must be a failpoint, "kill" or "pause", and optionally the pass to act on, as in "afterIntent:kill:3"; ` +
          `the failpoints are ${Failpoint.literals.join(", ")}`
        ]
      })),
    Option.match({
      onNone: () => Effect.void,
      onSome: ([point, action, nth]) => (action === "kill" ? kill(point, nth) : Effect.asVoid(pause(point, nth)))
    })
  )
