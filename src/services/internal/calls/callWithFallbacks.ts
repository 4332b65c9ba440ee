import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import { type ProviderError, ProviderTransient } from "../../../domain/error/ProviderError.js"
import { ConfigurationError } from "../../../domain/error/RequestError.js"
import type { Message } from "../../../domain/Message.js"
import type { Pricing } from "../../Pricing.js"
import type { Reply } from "../../Provider.js"
import { escapeShort } from "../escapeText.js"
import type { Instrumentation } from "../Instrumentation.js"
import { callProvider, type ProviderCall } from "./callProvider.js"
import { contextWindow, estimateTokens } from "./contextWindow.js"
import type { CallProgress } from "./foldReply.js"
import { type CallOutcome, type CircuitBreakers, providerRetries } from "./resilience.js"
import type { Target } from "./targets.js"

/**
 * Calls one provider after the other until one replies. A call that is known not to have started is retried after a
 * delay; one whose history is too long, at once with half of it. A failure after part of a reply is final.
 */
export const callWithFallbacks = Effect.fnUntraced(function*(plan: CallPlan, progress: CallProgress) {
  let error: ConfigurationError | ProviderError | undefined
  for (const target of plan.targets) {
    const answer = yield* Effect.either(callTarget(plan, target, progress))
    if (Either.isRight(answer)) return answer.right
    error = answer.left
    if (progress.fold.hasBegun() || !mayFallBack(error, plan.mayRepeat)) break
  }
  return yield* Effect.fail(error ?? new ConfigurationError({ problems: ["the session has no provider to call"] }))
})

/**
 * The targets to call for a turn, in order, and what to send.
 */
export interface CallPlan extends Omit<ProviderCall, "pricing" | "target"> {
  readonly targets: ReadonlyArray<Target>
  readonly services: ProviderServices
  /** Whether a call with an unknown outcome may be repeated, and billed twice. */
  readonly mayRepeat: boolean
  readonly deadline: DateTime.Utc
  /** Number of the current call within the turn. */
  readonly attempt: () => number
  /** Stores the intent of another call, with the record of the last one. Interrupts if there should be no call. */
  readonly intendAgain: (target: Target) => Effect.Effect<void>
}

/**
 * Services shared by all provider calls of a host.
 */
export interface ProviderServices {
  readonly breakers: CircuitBreakers
  readonly instrumentation: Instrumentation
  readonly pricing: Pricing["Type"]
  /** Retries for a call that is known not to have started. */
  readonly retries: number
}

const callTarget = Effect.fnUntraced(function*(
  plan: CallPlan,
  target: Target,
  progress: CallProgress
): Effect.fn.Return<Reply, ConfigurationError | ProviderError> {
  const { intendAgain, mayRepeat, request, services, targets } = plan
  const { breakers, instrumentation, pricing, retries: times } = services
  let retries: Effect.Effect.Success<ReturnType<typeof makeRetries>> | undefined
  let { hold } = plan
  let { messages } = request
  // The intent of the first call is already stored.
  let isIntended = target === targets[0]

  for (;;) {
    const circuit = breakers.enter(target, yield* monotonicMillis)
    if (circuit) {
      const { model, provider } = target
      progress.notice({ _tag: "CircuitOpen", provider, model, ...circuit })
      const reason = "its circuit is open after repeated failures"
      const error = new ProviderTransient({ sessionId: request.sessionId, provider, reason, ...circuit })
      yield* logFailure("A provider was not called: its circuit is open", plan, target, error)
      return yield* error
    }
    const attempted = { ...request, messages }
    const call = instrumentation.call(
      target,
      attempted,
      progress,
      callProvider({ ...plan, target, pricing, hold, request: attempted }, progress)
    )
    const answer = yield* Effect.zipRight(isIntended ? Effect.void : intendAgain(target), call).pipe(
      Effect.onExit((exit) => Effect.map(monotonicMillis, (now) => breakers.leave(target, toCallOutcome(exit), now))),
      Effect.either
    )
    if (Either.isRight(answer)) return answer.right
    const error = answer.left
    yield* logFailure("A provider call failed", plan, target, error)
    if (progress.fold.hasBegun()) return yield* Effect.fail(error)
    isIntended = false
    // The provider's copy of the conversation may or may not include this call, so it must not be resumed.
    if (error._tag === "ProviderProtocol") hold = hold && { cursor: undefined }

    const shorter = isTooLong(error) && messages === request.messages ? newerHalf(messages) : messages
    if (shorter !== messages) {
      progress.notice({
        _tag: "HistoryTrimmed",
        provider: target.provider,
        model: target.model,
        messages: messages.length - shorter.length
      })
      messages = shorter
      hold = hold && { cursor: undefined }
      continue
    }
    const mayRetry = isRepeatable(error, mayRepeat) && (yield* mayWaitFor(error, plan, target))
    if (!mayRetry) return yield* Effect.fail(error)
    retries ??= yield* makeRetries(times)
    if (!(yield* Effect.isSuccess(retries.next(error)))) return yield* Effect.fail(error)
  }
})

/** Without the error's message, in which a vendor may quote the conversation. */
const logFailure = (
  message: string,
  { attempt, request: { sessionId, turnId } }: CallPlan,
  { model, provider }: Target,
  { code }: ConfigurationError | ProviderError
): Effect.Effect<void> =>
  Effect.annotateLogs(Effect.logWarning(message), {
    provider: escapeShort(provider),
    model: escapeShort(model),
    code,
    sessionId,
    turnId,
    attempt: attempt()
  })

const makeRetries = (times: number) => Schedule.driver(providerRetries(times))

/** Whether it is certain that the call will not produce a reply. */
const mayFallBack = (error: ConfigurationError | ProviderError, mayRepeat: boolean): boolean =>
  error._tag !== "ProviderProtocol" || mayRepeat

const isRepeatable = (error: ConfigurationError | ProviderError, mayRepeat: boolean): error is ProviderError =>
  error._tag === "ProviderTransient" || (error._tag === "ProviderProtocol" && mayRepeat)

const isTooLong = (error: ConfigurationError | ProviderError): boolean =>
  error._tag === "ProviderRejected" && error.overflow === true

const newerHalf = (messages: ReadonlyArray<Message>): ReadonlyArray<Message> => {
  const tokens = messages.reduce((sum, { parts }) => sum + estimateTokens(parts), 0)
  return contextWindow(messages, { messages: Math.max(1, messages.length - 1), tokens: tokens / 2 })
}

const mayWaitFor = (error: ProviderError, { deadline, targets }: CallPlan, target: Target): Effect.Effect<boolean> =>
  Effect.map(DateTime.now, (now) => {
    const left = DateTime.distance(now, deadline)
    const wait = error._tag === "ProviderTransient" ? error.retryAfterMs ?? 0 : 0
    return wait <= (target === targets.at(-1) ? left : Math.min(left, maxWait))
  })

/** The longest wait for a retry while there is another fallback, in milliseconds. */
const maxWait = 8_000

const toCallOutcome = (exit: Exit.Exit<Reply, ConfigurationError | ProviderError>): CallOutcome => {
  if (Exit.isSuccess(exit)) return "answered"
  const error = Option.getOrUndefined(Cause.failureOption(exit.cause))
  switch (error?._tag) {
    case undefined:
    case "ConfigurationError":
      return "undecided"
    case "ProviderProtocol":
    case "ProviderTransient":
      return "failed"
    default:
      return "answered"
  }
}

/** Monotonic time: changes of the system clock do not affect it. */
const monotonicMillis = Effect.map(Clock.currentTimeNanos, (nanos) => Number(nanos / 1_000_000n))
