import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { ConfigurationError } from "../../domain/error/RequestError.js"
import type { Prompt } from "../../domain/Turn.js"
import type { Middleware, MiddlewareContext } from "../Middleware.js"
import type { ProviderRequest, Reply } from "../Provider.js"
import { deepFreeze } from "./deepFreeze.js"
import { checkPrompt, checkReply, checkRequest } from "./middlewareChecks.js"
import type { Step } from "./middlewareStep.js"

/**
 * The middleware of a session in the order they run, and the steps of each stage.
 */
export interface Stages {
  readonly ordered: ReadonlyArray<Middleware>
  readonly admission: ReadonlyArray<Step<Prompt>>
  readonly turn: ReadonlyArray<Step<ProviderRequest>>
  readonly reply: ReadonlyArray<Step<Reply>>
  /** Middleware with an `ended` function. */
  readonly ended: ReadonlyArray<Middleware>
}

export const toStages = (ordered: ReadonlyArray<Middleware>): Stages => ({
  ordered,
  admission: ordered.flatMap((middleware): ReadonlyArray<Step<Prompt>> =>
    middleware.admission === undefined
      ? []
      : [{ middleware, stage: "admission", process: middleware.admission.bind(middleware), check: checkPrompt }]
  ),
  turn: ordered.flatMap((middleware): ReadonlyArray<Step<ProviderRequest>> =>
    middleware.turn === undefined
      ? []
      : [{
        middleware,
        stage: "turn",
        process: unlessObserver(middleware, middleware.turn.bind(middleware)),
        check: checkRequest
      }]
  ),
  reply: ordered.flatMap((middleware): ReadonlyArray<Step<Reply>> =>
    middleware.reply === undefined
      ? []
      : [{
        middleware,
        stage: "reply",
        process: unlessObserver(middleware, middleware.reply.bind(middleware)),
        check: checkReply
      }]
  ),
  ended: ordered.filter(({ ended }) => ended !== undefined)
})

/** The provider may hold the conversation, and the reply may be shown already, so what an observer returns is ignored. */
const unlessObserver = <A>({ observer }: Middleware, process: Step<A>["process"]): Step<A>["process"] =>
  observer === true ? (value, context) => Effect.as(process(value, context), value) : process

/**
 * Orders middleware: dependencies first, then higher priority, then earlier registration. All dependencies of `added` must
 * exist; those of `registered` may have been removed since.
 */
export const orderMiddleware = (
  registered: ReadonlyArray<Middleware>,
  added: ReadonlyArray<Middleware>
): Either.Either<ReadonlyArray<Middleware>, ConfigurationError> => {
  const all = [...registered, ...added]
  const names = new Set(all.map(({ name }) => name))
  const problems = [...takenNames(all), ...unknownDependencies(added, names)]
  if (Arr.isNonEmptyReadonlyArray(problems)) return Either.left(new ConfigurationError({ problems }))

  const waiting = all.toSorted((a, b) => (b.priority ?? 0) - (a.priority ?? 0))
  const ordered: Array<Middleware> = []
  const done = new Set<string>()
  while (waiting.length > 0) {
    const next = waiting.findIndex(({ dependsOn = [] }) =>
      dependsOn.every((name) => done.has(name) || !names.has(name))
    )
    if (next === -1) {
      return Either.left(
        new ConfigurationError({ problems: [`middleware depends on itself: ${findCycle(waiting).join(" -> ")}`] })
      )
    }
    for (const middleware of waiting.splice(next, 1)) {
      ordered.push(middleware)
      done.add(middleware.name)
    }
  }
  return Either.right(ordered)
}

const takenNames = (all: ReadonlyArray<Middleware>): ReadonlyArray<string> =>
  Arr.dedupe(
    all.filter(({ name }, index) => all.findIndex((other) => other.name === name) < index)
      .map(({ name }) => `two middleware are named "${name}": rename one of them`)
  )

const unknownDependencies = (added: ReadonlyArray<Middleware>, names: ReadonlySet<string>): ReadonlyArray<string> =>
  added.flatMap(({ dependsOn = [], name }) =>
    dependsOn.filter((dependency) => !names.has(dependency))
      .map((dependency) => `middleware "${name}" depends on "${dependency}", which is not in the pipeline`)
  )

/** Each waiting middleware depends on another waiting one, so following dependencies ends in a cycle. */
const findCycle = (waiting: ReadonlyArray<Middleware>): ReadonlyArray<string> => {
  const path: Array<string> = []
  let current = waiting[0]
  while (current !== undefined && !path.includes(current.name)) {
    path.push(current.name)
    const { dependsOn = [] } = current
    current = waiting.find(({ name }) => dependsOn.includes(name))
  }
  const back = current?.name ?? ""
  return [...path.slice(path.indexOf(back)), back]
}

/**
 * Evaluates the condition of each middleware at most once, and keeps the result. A middleware whose condition throws counts as
 * selected and fails when it runs, so that its policy decides.
 */
export const makeConditions = (context: MiddlewareContext) => {
  const results = new Map<Middleware, Either.Either<boolean, unknown>>()
  const evaluate = (middleware: Middleware) => {
    const result = results.get(middleware) ?? Either.try(() => conditionHolds(middleware, context))
    results.set(middleware, result)
    return result
  }
  return {
    applies: (middleware: Middleware): boolean => Either.getOrElse(evaluate(middleware), () => true),
    steps: <A>(steps: ReadonlyArray<Step<A>>): ReadonlyArray<Step<A>> =>
      steps.flatMap((step): ReadonlyArray<Step<A>> =>
        Either.match(evaluate(step.middleware), {
          onLeft: (error) => [{ ...step, process: () => Effect.die(error) }],
          onRight: (applies) => (applies ? [step] : [])
        })
      )
  }
}

/** Throws what the predicate throws. */
const conditionHolds = ({ when }: Middleware, context: MiddlewareContext): boolean => {
  if (when === undefined) return true
  if (typeof when === "function") return when(deepFreeze(context))
  const { model, predicate, provider, tags, userType } = when
  const { config, model: ownModel, provider: ownProvider } = context.session
  return matches(userType, [context.context.user["type"]]) &&
    matches(provider, [ownProvider]) &&
    matches(model, [ownModel]) &&
    matches(tags, config.tags ?? []) &&
    (predicate === undefined || predicate(deepFreeze(context)))
}

const matches = (wanted: string | ReadonlyArray<string> | undefined, own: ReadonlyArray<unknown>): boolean => {
  if (wanted === undefined) return true
  return (typeof wanted === "string" ? [wanted] : wanted).some((one) => own.includes(one))
}
