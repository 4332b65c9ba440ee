import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { MiddlewareError } from "../../domain/error/TurnError.js"
import type { MiddlewareSkipped, Turn } from "../../domain/Turn.js"
import { type Middleware, type MiddlewareContext, MiddlewareRefusal, type OnSkip } from "../Middleware.js"
import { deepFreeze } from "./deepFreeze.js"
import { withoutSpanEvents } from "./Instrumentation.js"
import type { Check } from "./middlewareChecks.js"

/**
 * One middleware at one stage.
 */
export interface Step<A> {
  readonly middleware: Middleware
  readonly stage: MiddlewareError["stage"]
  readonly process: (value: A, context: MiddlewareContext) => Effect.Effect<A, MiddlewareRefusal>
  readonly check: Check<A>
}

/**
 * Runs a step and applies the policy of its middleware if it fails, dies, times out or interrupts itself. Only an interrupt from
 * outside passes through, and it reaches the middleware too.
 */
export const runStep = <A>(
  step: Step<A>,
  input: A,
  context: MiddlewareContext,
  onSkip: OnSkip
): Effect.Effect<A, MiddlewareError> =>
  Effect.suspend(() => processAndCheck(step, deepFreeze(input), context)).pipe(
    Effect.catchAllCause((cause) => applyPolicy(step, input, context, onSkip, cause))
  )

/**
 * Runs `ended` of a middleware within its timeout. A failure is logged.
 */
export const notifyEnded = (
  middleware: Middleware,
  turn: Turn | undefined,
  context: MiddlewareContext
): Effect.Effect<void> =>
  Effect.suspend(() =>
    middleware.ended === undefined ? Effect.void : withinTime(middleware)(middleware.ended(deepFreeze(turn), context))
  ).pipe(
    Effect.catchAllCause((cause) => Effect.logError("Middleware failed in ended", cause)),
    Effect.annotateLogs({ middleware: middleware.name, sessionId: context.session.id })
  )

const processAndCheck = <A>({ check, middleware, process }: Step<A>, input: A, context: MiddlewareContext) =>
  process(input, context).pipe(
    withinTime(middleware),
    Effect.flatMap((output) =>
      // Most steps return their input, which has been checked before.
      output === input
        ? Effect.succeed(input)
        : Either.mapLeft(check(output, input), (problem) =>
          new StepFailed({ code: "wrongAnswer", reason: `returned an invalid value: ${problem}` }))
    )
  )

const defaultTimeout = Duration.seconds(2)

/**
 * `disconnect`, so that a middleware that cannot be interrupted does not hold the turn past its timeout. `interruptible`, so that
 * the timeout also works in an uninterruptible region of the caller. `exit`, because Effect logs the failure of a forked fiber,
 * and the policy decides what to log here.
 */
const withinTime = ({ timeout = defaultTimeout }: Middleware) => <A, E>(running: Effect.Effect<A, E>) =>
  Effect.flatten(Effect.timeoutFail(Effect.interruptible(Effect.disconnect(Effect.exit(running))), {
    duration: timeout,
    onTimeout: () => new StepFailed({ code: "timedOut", reason: `timed out after ${Duration.format(timeout)}` })
  }))

const applyPolicy = <A>(
  { middleware, stage }: Step<A>,
  input: A,
  context: MiddlewareContext,
  onSkip: OnSkip,
  cause: Cause.Cause<MiddlewareRefusal | StepFailed>
): Effect.Effect<A, MiddlewareError> => {
  const { name, policy = "required" } = middleware
  const failure = Option.getOrUndefined(Cause.failureOption(cause))
  const error = toMiddlewareError(middleware, stage, context, failure)

  // The reason of a refusal may quote what was refused, so it is not logged.
  const details = failure instanceof MiddlewareRefusal
    ? ["refused"]
    : failure instanceof StepFailed
    ? [failure.reason]
    : ["failed unexpectedly", cause]
  const log = policy === "optional"
    ? Effect.logWarning("Optional middleware was skipped", ...details)
    : failure instanceof MiddlewareRefusal
    ? Effect.logDebug("Middleware stopped the turn", ...details)
    : Effect.logError("Middleware stopped the turn", ...details)

  const skip = Effect.sync(() => {
    onSkip({ _tag: "MiddlewareSkipped", middleware: name, stage, reason: skipReason(failure) })
    return input
  })

  return withoutSpanEvents(log).pipe(
    Effect.annotateLogs({ middleware: name, stage, sessionId: context.session.id }),
    Effect.zipRight(notifyError(middleware, error, context)),
    Effect.zipRight(policy === "optional" ? skip : error)
  )
}

/** The reason is stored with the turn. */
const maxReasonLength = 1000

const isWait = Schema.is(Schema.NonNegativeInt)

/** Checks the fields of a refusal, because middleware may be untyped JavaScript. */
const toMiddlewareError = (
  { name }: Middleware,
  stage: MiddlewareError["stage"],
  { session }: MiddlewareContext,
  failure: MiddlewareRefusal | StepFailed | undefined
): MiddlewareError => {
  const isKnown = failure instanceof MiddlewareRefusal || failure instanceof StepFailed
  const retryAfterMs = failure instanceof MiddlewareRefusal && isWait(failure.retryAfterMs)
    ? failure.retryAfterMs
    : undefined
  return new MiddlewareError({
    middleware: name,
    stage,
    reason: isKnown && Predicate.isString(failure.reason)
      ? failure.reason.slice(0, maxReasonLength).toWellFormed()
      : "failed unexpectedly",
    sessionId: session.id,
    ...(retryAfterMs !== undefined && { retryAfterMs })
  })
}

const notifyError = (
  middleware: Middleware,
  error: MiddlewareError,
  context: MiddlewareContext
): Effect.Effect<void> =>
  Effect.suspend(() =>
    middleware.onError === undefined ? Effect.void : withinTime(middleware)(middleware.onError(error, context))
  ).pipe(Effect.catchAllCause((cause) => withoutSpanEvents(Effect.logDebug("Middleware failed in onError", cause))))

const skipReason = (failure: MiddlewareRefusal | StepFailed | undefined): MiddlewareSkipped["reason"] => {
  if (failure instanceof MiddlewareRefusal) return "refused"
  return failure instanceof StepFailed ? failure.code : "failed"
}

class StepFailed extends Data.TaggedError("StepFailed")<{
  readonly code: "timedOut" | "wrongAnswer"
  readonly reason: string
}> {}
