import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { ConfigurationError } from "../../domain/error/ConfigurationError.js"
import type { MiddlewareError } from "../../domain/error/MiddlewareError.js"
import type { SessionId } from "../../domain/SessionId.js"
import type { Prompt, Turn } from "../../domain/Turn.js"
import type { Middleware, MiddlewareContext } from "../Middleware.js"
import type { OnSkip } from "../OnSkip.js"
import type { TurnMiddleware } from "../TurnMiddleware.js"
import { deepFreeze } from "./deepFreeze.js"
import { CurrentInstrumentation, type Instrumentation } from "./Instrumentation.js"
import { makeAskedMiddleware } from "./makeAskedMiddleware.js"
import { makeMiddlewareRegister } from "./makeMiddlewareRegister.js"
import { conditionsOf } from "./middlewareStages.js"
import { runStep, type Step, tellEnded } from "./middlewareStep.js"

interface Of {
  readonly session?: SessionId
}

/**
 * The pipeline in memory. A turn goes on with the steps it began with, which are never changed in place.
 */
export const makeMiddlewarePipeline = Effect.fnUntraced(function*(initial: ReadonlyArray<Middleware>) {
  const run = runWith(yield* CurrentInstrumentation)
  const register = makeMiddlewareRegister()
  const asked = makeAskedMiddleware()

  const remove = (middleware: Middleware, session: SessionId | undefined) =>
    Effect.suspend(() => {
      const left = register.remove(middleware, session)
      return left.length === 0
        ? Effect.void
        : Effect.logWarning(`Middleware "${middleware.name}" was removed; without it go on: ${left.join(", ")}`)
    })

  const admission = (
    prompt: Prompt,
    context: MiddlewareContext,
    onSkip?: OnSkip
  ): Effect.Effect<Prompt, MiddlewareError> => {
    const stages = register.stages(context.session.id)
    if (stages.admission.length === 0 && stages.ended.length === 0) return Effect.succeed(prompt)
    return Effect.suspend(() => {
      const conditions = conditionsOf(context)
      asked.add(
        context,
        stages.ended.filter((middleware) => middleware.admission === undefined && conditions.applies(middleware))
      )
      return Effect.reduce(conditions.steps(stages.admission), prompt, (prompt, step) => {
        const running = run([step], prompt, context, onSkip)
        if (step.middleware.ended === undefined) return running
        const note = Effect.sync(() => asked.add(context, [step.middleware]))
        // And again: the turn of an edit may end meanwhile, and what is reserved after that is to be settled too.
        return Effect.zipRight(note, Effect.ensuring(running, note))
      })
    })
  }

  const begin = (started: MiddlewareContext): TurnMiddleware => {
    const stages = register.stages(started.session.id)
    if (stages.turn.length === 0 && stages.reply.length === 0) return noMiddleware
    const conditions = conditionsOf(started)
    const turn = conditions.steps(stages.turn)
    const reply = conditions.steps(stages.reply)
    return {
      turn: (request, context, onSkip) => run(turn, request, context, onSkip),
      reply: (answer, context, onSkip) => run(reply, answer, context, onSkip),
      hasTurnStage: turn.some(({ middleware }) => middleware.observer !== true),
      mayStream: reply.every(({ middleware }) => middleware.observer === true)
    }
  }

  const ended = (turn: Turn | undefined, context: MiddlewareContext): Option.Option<Effect.Effect<void>> => {
    const admitted = asked.take(context)
    const listeners = admitted ?? (turn ? register.stages(context.session.id).ended : [])
    if (listeners.length === 0) return Option.none()
    return Option.some(Effect.suspend(() => {
      const { applies } = conditionsOf(context)
      const told = admitted ?? listeners.filter(applies)
      return Effect.forEach(told, (middleware) => tellEnded(middleware, turn, deepFreeze(context)), {
        concurrency: "unbounded",
        discard: true
      })
    }))
  }

  yield* register.add(initial, undefined)

  return {
    admission,
    begin,
    ended,
    add: (middleware: Middleware, { session }: Of = {}): Effect.Effect<void, ConfigurationError, Scope.Scope> =>
      Effect.acquireRelease(
        Effect.suspend(() => register.add([middleware], session)),
        () => remove(middleware, session)
      ),
    remove: (name: string, { session }: Of = {}): Effect.Effect<boolean> =>
      Effect.suspend(() =>
        Option.match(register.find(name, session), {
          onNone: () => Effect.succeed(false),
          onSome: (middleware) => Effect.as(remove(middleware, session), true)
        })
      ),
    forget: register.forget,
    list: Effect.sync(() => register.names(undefined)),
    listOf: (session: SessionId) => Effect.sync(() => register.names(session))
  }
})

const runWith = (instrumentation: Instrumentation) => {
  const seen = <A>(step: Step<A>): Step<A> => ({
    ...step,
    process: (value, context) =>
      instrumentation.middleware(step.middleware.name, step.stage, step.process(value, context))
  })
  return <A>(
    steps: ReadonlyArray<Step<A>>,
    value: A,
    context: MiddlewareContext,
    onSkip: OnSkip = () => {}
  ): Effect.Effect<A, MiddlewareError> =>
    steps.length === 0
      ? Effect.succeed(value)
      : Effect.reduce(steps, value, (asked, step) => runStep(seen(step), asked, deepFreeze(context), onSkip))
}

const noMiddleware: TurnMiddleware = {
  turn: Effect.succeed,
  reply: Effect.succeed,
  hasTurnStage: false,
  mayStream: true
}
