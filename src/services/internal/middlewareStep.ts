import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import { isString } from "effect/Predicate"
import * as Schema from "effect/Schema"
import { InvalidRequest } from "../../domain/error/RequestError.js"
import { MiddlewareError } from "../../domain/error/TurnError.js"
import { JsonRecord } from "../../domain/Json.js"
import { FinishReason, Message, Part, TokenUsage } from "../../domain/Message.js"
import { SessionContext } from "../../domain/SessionContext.js"
import { type MiddlewareSkipped, Prompt, type Turn } from "../../domain/Turn.js"
import { type Middleware, type MiddlewareContext, MiddlewareRefusal, type OnSkip } from "../Middleware.js"
import type { ProviderRequest, Reply } from "../Provider.js"
import { withoutSpanEvents } from "./Instrumentation.js"

/**
 * Freezes data and all data in it, in place, for values that go to code which is not ours. What is frozen already is taken
 * to be frozen throughout, so that doing it again costs next to nothing. Effect's own values are left alone: they cache
 * in themselves.
 */
export const deepFreeze = <A>(value: A): A => {
  if (typeof value !== "object" || value === null || Object.isFrozen(value) || !isData(value)) return value
  for (const item of Object.values(value)) deepFreeze(item)
  return Object.freeze(value)
}

const isData = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return Array.isArray(value) || value instanceof Message || prototype === Object.prototype || prototype === null
}

/**
 * Whether a middleware may answer `asked` with `answer`, and if not, why, without a word of what it said.
 */
export type Check<A> = (answer: unknown, asked: A) => Either.Either<A, string>

/** As many as a sender may send at once, unless there were more before. */
const maxParts = 64
const maxAddedMessages = 64

const decodePrompt = Schema.decodeUnknownEither(
  Schema.Struct({ ...Prompt.fields, parts: Prompt.fields.parts.pipe(Schema.minItems(1), Schema.maxItems(maxParts)) })
)

export const checkPrompt: Check<Prompt> = (answer) => Either.mapLeft(decodePrompt(answer), describe)

const isMessages = Schema.is(Schema.Array(Schema.typeSchema(Message)))
const validateFields = Schema.validateEither(Schema.Struct(Message.fields))
const validateContext = Schema.validateEither(SessionContext)

export const checkRequest: Check<ProviderRequest> = (answer, asked) =>
  Either.gen(function*() {
    if (!Predicate.isRecord(answer)) return yield* Either.left("it is not a request")
    const { context, messages, sessionId, turnId } = answer
    if (sessionId !== asked.sessionId || turnId !== asked.turnId) {
      return yield* Either.left("\"sessionId\" and \"turnId\" must stay as they are")
    }
    if (!isMessages(messages)) return yield* Either.left("\"messages\" must be an array of Message")
    if (messages.length > asked.messages.length + maxAddedMessages) {
      return yield* Either.left(`it adds more than ${maxAddedMessages} messages`)
    }
    const known = new Set(asked.messages)
    for (const message of messages.filter((message) => !known.has(message))) {
      yield* Either.mapLeft(validateFields(message), describe)
      yield* ofSession(message.sessionId, asked)
      if (message.parts.length > maxParts) return yield* Either.left(`a message has more than ${maxParts} parts`)
    }
    if (context === asked.context) return { ...asked, messages }
    const changed = yield* Either.mapLeft(validateContext(context), describe)
    yield* ofSession(changed.sessionId, asked)
    return { ...asked, messages, context: changed }
  })

const ofSession = (sessionId: string, asked: ProviderRequest): Either.Either<void, string> =>
  sessionId === asked.sessionId ? Either.void : Either.left("it belongs to another session")

const decodeReply = Schema.decodeUnknownEither(Schema.Struct({
  parts: Schema.Array(Part),
  finishReason: FinishReason,
  metadata: JsonRecord,
  usage: Schema.optionalWith(TokenUsage, { exact: true }),
  providerMessageId: Schema.optionalWith(Schema.String, { exact: true }),
  providerMetadata: Schema.optionalWith(JsonRecord, { exact: true })
}))

export const checkReply: Check<Reply> = (answer, asked) =>
  Either.filterOrLeft(
    Either.mapLeft(decodeReply(answer), describe),
    ({ parts }) => parts.length <= Math.max(maxParts, asked.parts.length),
    () => `it has more than ${maxParts} parts`
  )

const describe = (error: Parameters<typeof InvalidRequest.fromParseError>[0]): string =>
  InvalidRequest.fromParseError(error).message

const defaultTimeout = Duration.seconds(2)

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
 * Runs a step and turns whatever becomes of it into an answer: a middleware that fails, dies, hangs or interrupts itself
 * ends in its policy. Only an interrupt from outside passes, and it reaches the middleware too.
 */
export const runStep = <A>(
  step: Step<A>,
  asked: A,
  context: MiddlewareContext,
  onSkip: OnSkip
): Effect.Effect<A, MiddlewareError> =>
  Effect.suspend(() => answer(step, deepFreeze(asked), context)).pipe(
    Effect.catchAllCause((cause) => settle(step, asked, context, onSkip, cause))
  )

/** Tells a middleware of the end of a turn, within its time. */
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

const answer = <A>({ check, middleware, process }: Step<A>, asked: A, context: MiddlewareContext) =>
  process(asked, context).pipe(
    withinTime(middleware),
    Effect.flatMap((given) =>
      // Most steps answer with what they were given, and that has been checked before.
      given === asked
        ? Effect.succeed(asked)
        : Either.mapLeft(check(given, asked), (reason) =>
          new StepFailed({ code: "wrongAnswer", reason: `gave a wrong answer: ${reason}` }))
    )
  )

/**
 * `disconnect`, because a middleware that cannot be interrupted must not hold the turn past its time, and `interruptible`,
 * because a caller that cannot be must not wait for ever. `exit`, because Effect logs the failure of a fiber that is forked,
 * and what to log of this one is for its policy to say.
 */
const withinTime = ({ timeout = defaultTimeout }: Middleware) => <A, E>(running: Effect.Effect<A, E>) =>
  Effect.flatten(Effect.timeoutFail(Effect.interruptible(Effect.disconnect(Effect.exit(running))), {
    duration: timeout,
    onTimeout: () => new StepFailed({ code: "timedOut", reason: `timed out after ${Duration.format(timeout)}` })
  }))

/** It is stored with the turn. */
const maxReasonLength = 1000

const settle = <A>(
  { middleware, stage }: Step<A>,
  asked: A,
  context: MiddlewareContext,
  onSkip: OnSkip,
  cause: Cause.Cause<MiddlewareRefusal | StepFailed>
): Effect.Effect<A, MiddlewareError> => {
  const { name, policy = "required" } = middleware
  const failure = Option.getOrUndefined(Cause.failureOption(cause))
  // An author without types may refuse without words, and the error would not take that.
  const reason = (failure instanceof MiddlewareRefusal || failure instanceof StepFailed) && isString(failure.reason)
    ? failure.reason.slice(0, maxReasonLength).toWellFormed()
    : "failed unexpectedly"
  const retryAfterMs = failure instanceof MiddlewareRefusal && isWait(failure.retryAfterMs)
    ? failure.retryAfterMs
    : undefined
  const error = new MiddlewareError({
    middleware: name,
    stage,
    reason,
    sessionId: context.session.id,
    ...(retryAfterMs !== undefined && { retryAfterMs })
  })

  // A refusal's reason may quote what was refused, so the log does not repeat it.
  const told = failure instanceof MiddlewareRefusal
    ? ["refused"]
    : failure instanceof StepFailed
    ? [failure.reason]
    : ["failed unexpectedly", cause]
  const log = policy === "optional"
    ? Effect.logWarning("Optional middleware was skipped", ...told)
    : failure instanceof MiddlewareRefusal
    ? Effect.logDebug("Middleware stopped the turn", ...told)
    : Effect.logError("Middleware stopped the turn", ...told)

  const skip = Effect.sync(() => {
    onSkip({ _tag: "MiddlewareSkipped", middleware: name, stage, reason: codeOf(failure) })
    return asked
  })

  return withoutSpanEvents(log).pipe(
    Effect.annotateLogs({ middleware: name, stage, sessionId: context.session.id }),
    Effect.zipRight(tell(middleware, error, context)),
    Effect.zipRight(policy === "optional" ? skip : error)
  )
}

const isWait = Schema.is(Schema.NonNegativeInt)

const tell = (middleware: Middleware, error: MiddlewareError, context: MiddlewareContext): Effect.Effect<void> =>
  Effect.suspend(() =>
    middleware.onError === undefined ? Effect.void : withinTime(middleware)(middleware.onError(error, context))
  ).pipe(Effect.catchAllCause((cause) => withoutSpanEvents(Effect.logDebug("Middleware failed in onError", cause))))

const codeOf = (failure: MiddlewareRefusal | StepFailed | undefined): MiddlewareSkipped["reason"] => {
  if (failure instanceof MiddlewareRefusal) return "refused"
  return failure instanceof StepFailed ? failure.code : "failed"
}

class StepFailed extends Data.TaggedError("StepFailed")<{
  readonly code: "timedOut" | "wrongAnswer"
  readonly reason: string
}> {}
