import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Prompt } from "../../domain/Turn.js"
import type { Middleware, MiddlewareContext } from "../Middleware.js"
import type { ProviderRequest } from "../ProviderRequest.js"
import type { Reply } from "../Reply.js"
import { checkPrompt, checkReply, checkRequest } from "./middlewareAnswer.js"
import { middlewareApplies } from "./middlewareApplies.js"
import type { Step } from "./middlewareStep.js"

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

export const stagesOf = (ordered: ReadonlyArray<Middleware>): Stages => ({
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
export const conditionsOf = (context: MiddlewareContext) => {
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
