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
import type { Instrumentation } from "../Instrumentation.js"
import { callProvider, type ProviderCall } from "./callProvider.js"
import { contextWindow, estimateTokens } from "./contextWindow.js"
import type { CallProgress } from "./foldReply.js"
import { type CallOutcome, type CircuitBreakers, providerRetries } from "./resilience.js"
import type { Target } from "./targets.js"

/**
 * What all provider calls of a host share.
 */
export interface ProviderServices {
  readonly breakers: CircuitBreakers
  readonly instrumentation: Instrumentation
  readonly pricing: Pricing["Type"]
  /** How often a call that has certainly not begun is made again. */
  readonly retries: number
}

/** As long as somebody else can be asked, nobody is waited for longer: in milliseconds. */
const maxWait = 8_000

/**
 * Whom to ask on behalf of a turn, and what.
 */
export interface CallPlan extends Omit<ProviderCall, "pricing" | "target"> {
  readonly targets: ReadonlyArray<Target>
  readonly services: ProviderServices
  /** Whether a call of which nobody knows what became of it may be made again, and be billed twice. */
  readonly mayRepeat: boolean
  readonly deadline: DateTime.Utc
  /** Makes the intent of another call durable, with what has become of the last one; interrupted if there is to be none. */
  readonly again: (target: Target) => Effect.Effect<void>
}

/**
 * Asks one provider after the other until one answers. A call that has certainly not begun is made again, after a while;
 * one whose history is too long, at once, with half of it. Whatever fails when something of a reply has come is final.
 */
export const callWithFallbacks = Effect.fnUntraced(function*(asking: CallPlan, asked: CallProgress) {
  let error: ConfigurationError | ProviderError | undefined
  for (const target of asking.targets) {
    const answer = yield* Effect.either(askOne(asking, target, asked))
    if (Either.isRight(answer)) return answer.right
    error = answer.left
    if (asked.fold.hasBegun() || !mayAskOthers(error, asking.mayRepeat)) break
  }
  return yield* Effect.fail(error ?? new ConfigurationError({ problems: ["there is no provider to ask"] }))
})

const askOne = Effect.fnUntraced(function*(
  asking: CallPlan,
  target: Target,
  asked: CallProgress
): Effect.fn.Return<Reply, ConfigurationError | ProviderError> {
  const { again, mayRepeat, request, services, targets } = asking
  const { breakers, instrumentation, pricing, retries: times } = services
  const retries = yield* Schedule.driver(providerRetries(times))
  let { hold } = asking
  let { messages } = request
  // For the first call of all, the intent is stored already.
  let isIntended = target === targets[0]

  for (;;) {
    const barred = breakers.enter(target, yield* monotonicMillis)
    if (barred) {
      const { model, provider } = target
      asked.notice({ _tag: "CircuitOpen", provider, model, ...barred })
      const reason = "it has failed too often lately, and is spared for a while"
      return yield* new ProviderTransient({ sessionId: request.sessionId, provider, reason, ...barred })
    }
    const shown = { ...request, messages }
    const call = instrumentation.call(
      target,
      shown,
      asked,
      callProvider({ ...asking, target, pricing, hold, request: shown }, asked)
    )
    const answer = yield* Effect.zipRight(isIntended ? Effect.void : again(target), call).pipe(
      Effect.onExit((exit) => Effect.map(monotonicMillis, (now) => breakers.leave(target, outcomeOf(exit), now))),
      Effect.either
    )
    if (Either.isRight(answer)) return answer.right
    const error = answer.left
    if (asked.fold.hasBegun()) return yield* Effect.fail(error)
    isIntended = false
    // What the provider made of it is not known, so its copy is not to be gone on with.
    if (error._tag === "ProviderProtocol") hold = hold && { cursor: undefined }

    const shorter = isTooLong(error) && messages === request.messages ? halfOf(messages) : messages
    if (shorter !== messages) {
      asked.notice({
        _tag: "HistoryTrimmed",
        provider: target.provider,
        model: target.model,
        messages: messages.length - shorter.length
      })
      messages = shorter
      hold = hold && { cursor: undefined }
      continue
    }
    const maySoon = isRepeatable(error, mayRepeat) && (yield* mayWaitFor(error, asking, target))
    if (!maySoon || !(yield* Effect.isSuccess(retries.next(error)))) return yield* Effect.fail(error)
  }
})

/** Whether it is certain that no reply will come of the call. */
const mayAskOthers = (error: ConfigurationError | ProviderError, mayRepeat: boolean): boolean =>
  error._tag !== "ProviderProtocol" || mayRepeat

const isRepeatable = (error: ConfigurationError | ProviderError, mayRepeat: boolean): error is ProviderError =>
  error._tag === "ProviderTransient" || (error._tag === "ProviderProtocol" && mayRepeat)

const isTooLong = (error: ConfigurationError | ProviderError): boolean =>
  error._tag === "ProviderRejected" && error.overflow === true

const halfOf = (messages: ReadonlyArray<Message>): ReadonlyArray<Message> => {
  const tokens = messages.reduce((sum, { parts }) => sum + estimateTokens(parts), 0)
  return contextWindow(messages, { messages: Math.max(1, messages.length - 1), tokens: tokens / 2 })
}

const mayWaitFor = (error: ProviderError, { deadline, targets }: CallPlan, target: Target): Effect.Effect<boolean> =>
  Effect.map(DateTime.now, (now) => {
    const left = DateTime.distance(now, deadline)
    const wait = error._tag === "ProviderTransient" ? error.retryAfterMs ?? 0 : 0
    return wait <= (target === targets.at(-1) ? left : Math.min(left, maxWait))
  })

const outcomeOf = (exit: Exit.Exit<Reply, ConfigurationError | ProviderError>): CallOutcome => {
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

/** For measuring how long ago something was, whatever becomes of the calendar. */
const monotonicMillis = Effect.map(Clock.currentTimeNanos, (nanos) => Number(nanos / 1_000_000n))
