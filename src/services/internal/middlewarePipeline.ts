import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Scope from "effect/Scope"
import type { ConfigurationError } from "../../domain/error/ConfigurationError.js"
import type { MiddlewareError } from "../../domain/error/MiddlewareError.js"
import type { Prompt } from "../../domain/Turn.js"
import type { Middleware, MiddlewareContext } from "../Middleware.js"
import type { ProviderRequest } from "../ProviderRequest.js"
import type { Reply } from "../Reply.js"
import { deepFreeze } from "./deepFreeze.js"
import { CurrentInstrumentation, type Instrumentation } from "./Instrumentation.js"
import { checkPrompt, checkReply, checkRequest } from "./middlewareAnswer.js"
import { middlewareApplies } from "./middlewareApplies.js"
import { orderMiddleware } from "./middlewareOrder.js"
import { runStep, type Step } from "./middlewareStep.js"

/**
 * The pipeline in memory: middleware as it was registered, and the steps of each stage in the order they run.
 */
export const makeMiddlewarePipeline = Effect.fnUntraced(function*(initial: ReadonlyArray<Middleware>) {
  const instrumentation = yield* CurrentInstrumentation
  let registered: ReadonlyArray<Middleware> = []
  let ordered: ReadonlyArray<Middleware> = []
  let stages = stagesOf(ordered, instrumentation)

  const put = (added: ReadonlyArray<Middleware>): Either.Either<void, ConfigurationError> =>
    Either.map(orderMiddleware(registered, added), (order) => {
      registered = [...registered, ...added]
      ordered = order
      stages = stagesOf(order, instrumentation)
    })

  const remove = (middleware: Middleware): Effect.Effect<void> =>
    Effect.suspend(() => {
      registered = registered.filter((other) => other !== middleware)
      ordered = ordered.filter((other) => other !== middleware)
      stages = stagesOf(ordered, instrumentation)
      const left = ordered.filter(({ dependsOn = [] }) => dependsOn.includes(middleware.name)).map(({ name }) => name)
      return left.length === 0
        ? Effect.void
        : Effect.logWarning(`Middleware "${middleware.name}" was removed; without it go on: ${left.join(", ")}`)
    })

  yield* put(initial)

  return {
    admission: (prompt: Prompt, context: MiddlewareContext) => run(stages.admission, prompt, context),
    turn: (request: ProviderRequest, context: MiddlewareContext) => run(stages.turn, request, context),
    reply: (reply: Reply, context: MiddlewareContext) => run(stages.reply, reply, context),
    hasTurnStage: (context: MiddlewareContext) => stages.turn.some(({ middleware }) => mayChange(middleware, context)),
    mayStream: (context: MiddlewareContext) => stages.reply.every(({ middleware }) => !mayChange(middleware, context)),
    add: (middleware: Middleware): Effect.Effect<void, ConfigurationError, Scope.Scope> =>
      Effect.acquireRelease(Effect.suspend(() => put([middleware])), () => remove(middleware)),
    list: Effect.sync(() => ordered.map(({ name }) => name))
  }
})

const run = <A>(
  steps: ReadonlyArray<Step<A>>,
  value: A,
  context: MiddlewareContext
): Effect.Effect<A, MiddlewareError> =>
  steps.length === 0
    ? Effect.succeed(value)
    : Effect.reduce(steps, value, (asked, step) => runStep(step, asked, deepFreeze(context)))

const stagesOf = (ordered: ReadonlyArray<Middleware>, instrumentation: Instrumentation) => {
  const seen = <A>(step: Step<A>): Step<A> => ({
    ...step,
    process: (value, context) =>
      instrumentation.middleware(step.middleware.name, step.stage, step.process(value, context))
  })
  return {
    admission: ordered.flatMap((middleware): ReadonlyArray<Step<Prompt>> =>
      middleware.admission === undefined
        ? []
        : [seen({ middleware, stage: "admission", process: middleware.admission.bind(middleware), check: checkPrompt })]
    ),
    turn: ordered.flatMap((middleware): ReadonlyArray<Step<ProviderRequest>> =>
      middleware.turn === undefined
        ? []
        : [seen({
          middleware,
          stage: "turn",
          process: unlessObserver(middleware, middleware.turn.bind(middleware)),
          check: checkRequest
        })]
    ),
    reply: ordered.flatMap((middleware): ReadonlyArray<Step<Reply>> =>
      middleware.reply === undefined
        ? []
        : [seen({
          middleware,
          stage: "reply",
          process: unlessObserver(middleware, middleware.reply.bind(middleware)),
          check: checkReply
        })]
    )
  }
}

/** The provider may hold the conversation, and the reply may have been shown, so an observer's answer is not taken. */
const unlessObserver = <A>({ observer }: Middleware, process: Step<A>["process"]): Step<A>["process"] =>
  observer === true ? (value, context) => Effect.as(process(value, context), value) : process

const mayChange = (middleware: Middleware, context: MiddlewareContext): boolean =>
  middleware.observer !== true && mayApply(middleware, context)

/** A condition that cannot be told counts as one that holds. */
const mayApply = (middleware: Middleware, context: MiddlewareContext): boolean =>
  Either.getOrElse(Either.try(() => middlewareApplies(middleware, context)), () => true)
