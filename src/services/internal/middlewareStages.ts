import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { ConfigurationError } from "../../domain/error/RequestError.js"
import type { Prompt } from "../../domain/Turn.js"
import type { Middleware, MiddlewareContext } from "../Middleware.js"
import type { ProviderRequest, Reply } from "../Provider.js"
import { checkPrompt, checkReply, checkRequest, deepFreeze, type Step } from "./middlewareStep.js"

/**
 * Whether a middleware is for a session. Throws what its predicate throws.
 */
export const middlewareApplies = ({ when }: Middleware, context: MiddlewareContext): boolean => {
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

/**
 * The order to run in: dependencies first, then the higher priority, then whoever was registered first. A dependency that
 * has been removed since is not waited for; only those of `added` must be there.
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
        new ConfigurationError({ problems: [`middleware depends on itself: ${circleIn(waiting).join(" -> ")}`] })
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
      .map(({ name }) => `there are two middleware "${name}"; give one of them another name`)
  )

const unknownDependencies = (added: ReadonlyArray<Middleware>, names: ReadonlySet<string>): ReadonlyArray<string> =>
  added.flatMap(({ dependsOn = [], name }) =>
    dependsOn.filter((dependency) => !names.has(dependency))
      .map((dependency) => `middleware "${name}" depends on "${dependency}", which is not in the pipeline`)
  )

/** Each that waits depends on another that waits, so following them comes back to one seen before. */
const circleIn = (waiting: ReadonlyArray<Middleware>): ReadonlyArray<string> => {
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
 * What a session sees of the pipeline: its middleware in the order they run, and the steps of each stage.
 */
export interface Stages {
  readonly ordered: ReadonlyArray<Middleware>
  readonly admission: ReadonlyArray<Step<Prompt>>
  readonly turn: ReadonlyArray<Step<ProviderRequest>>
  readonly reply: ReadonlyArray<Step<Reply>>
  /** Those that want to be told of the end of a turn. */
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

/** The provider may hold the conversation, and the reply may have been shown, so an observer's answer is not taken. */
const unlessObserver = <A>({ observer }: Middleware, process: Step<A>["process"]): Step<A>["process"] =>
  observer === true ? (value, context) => Effect.as(process(value, context), value) : process

/**
 * Asks each middleware once whether it is for a session, for as long as the answer is kept. One whose condition throws is: it
 * fails when it is its turn, so that its policy decides.
 */
export const makeConditions = (context: MiddlewareContext) => {
  const asked = new Map<Middleware, Either.Either<boolean, unknown>>()
  const ask = (middleware: Middleware) => {
    const answer = asked.get(middleware) ?? Either.try(() => middlewareApplies(middleware, context))
    asked.set(middleware, answer)
    return answer
  }
  return {
    applies: (middleware: Middleware): boolean => Either.getOrElse(ask(middleware), () => true),
    steps: <A>(steps: ReadonlyArray<Step<A>>): ReadonlyArray<Step<A>> =>
      steps.flatMap((step): ReadonlyArray<Step<A>> =>
        Either.match(ask(step.middleware), {
          onLeft: (error) => [{ ...step, process: () => Effect.die(error) }],
          onRight: (applies) => (applies ? [step] : [])
        })
      )
  }
}
