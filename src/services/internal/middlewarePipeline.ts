import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { ConfigurationError } from "../../domain/error/RequestError.js"
import type { MiddlewareError } from "../../domain/error/TurnError.js"
import type { SessionId, TurnId } from "../../domain/Ids.js"
import type { Prompt, Turn } from "../../domain/Turn.js"
import type { Middleware, MiddlewareContext, OnSkip, TurnMiddleware } from "../Middleware.js"
import { CurrentInstrumentation, type Instrumentation } from "./Instrumentation.js"
import { makeConditions, orderMiddleware, type Stages, toStages } from "./middlewareStages.js"
import { deepFreeze, notifyEnded, runStep, type Step } from "./middlewareStep.js"

/**
 * Who was asked at the admission of the turns that are not ended, and is owed the end of them. A turn is kept from its
 * admission to its end, which is told exactly once of each.
 */
export const makeAdmissionLedger = () => {
  const asked = new Map<TurnId, Set<Middleware>>()
  return {
    add: ({ turnId }: MiddlewareContext, more: ReadonlyArray<Middleware>): void => {
      if (turnId === undefined || more.length === 0) return
      const known = asked.get(turnId) ?? new Set()
      for (const middleware of more) known.add(middleware)
      asked.set(turnId, known)
    },
    /** Undefined when nobody was asked for this turn here. */
    take: ({ turnId }: MiddlewareContext): ReadonlyArray<Middleware> | undefined => {
      const known = turnId && asked.get(turnId)
      if (turnId === undefined || known === undefined) return undefined
      asked.delete(turnId)
      return [...known]
    }
  }
}

/**
 * What one session has beside the middleware of all.
 */
interface Own {
  readonly registered: ReadonlyArray<Middleware>
  readonly stages: Stages
}

/**
 * Which middleware there is: for all sessions, and for single ones.
 */
export const makeMiddlewareRegistry = () => {
  let shared: ReadonlyArray<Middleware> = []
  let stages = toStages([])
  let owned = new Map<SessionId, Own>()

  const addShared = (added: ReadonlyArray<Middleware>) =>
    Either.gen(function*() {
      const order = yield* orderMiddleware(shared, added)
      const next = new Map<SessionId, Own>()
      for (const [session, { registered }] of owned) {
        const all = yield* Either.mapLeft(orderMiddleware([...shared, ...registered], added), inSession(session))
        next.set(session, { registered, stages: toStages(all) })
      }
      shared = [...shared, ...added]
      stages = toStages(order)
      owned = next
    })

  const addOwn = (session: SessionId, added: ReadonlyArray<Middleware>) =>
    Either.gen(function*() {
      const { registered = [] } = owned.get(session) ?? {}
      const order = yield* Either.mapLeft(orderMiddleware([...shared, ...registered], added), inSession(session))
      owned.set(session, { registered: [...registered, ...added], stages: toStages(order) })
    })

  const seenBy = (session: SessionId | undefined) => (session && owned.get(session)?.stages) ?? stages

  /** Does nothing when it is gone. Answers those that depend on it and go on without it. */
  const remove = (middleware: Middleware, session: SessionId | undefined): ReadonlyArray<string> => {
    const others = (all: ReadonlyArray<Middleware>) => all.filter((other) => other !== middleware)
    const without = ({ ordered }: Stages) => toStages(others(ordered))
    const seenByIt: Array<Middleware> = []
    if (session === undefined) {
      if (!shared.includes(middleware)) return []
      shared = others(shared)
      stages = without(stages)
      for (const [id, { registered, stages }] of owned) {
        owned.set(id, { registered, stages: without(stages) })
        seenByIt.push(...registered)
      }
      seenByIt.push(...shared)
    } else {
      const own = owned.get(session)
      if (!own?.registered.includes(middleware)) return []
      const registered = others(own.registered)
      if (registered.length === 0) owned.delete(session)
      else owned.set(session, { registered, stages: without(own.stages) })
      seenByIt.push(...registered)
    }
    return Arr.dedupe(
      seenByIt.filter(({ dependsOn = [] }) => dependsOn.includes(middleware.name)).map(({ name }) => name)
    )
  }

  return {
    stages: seenBy,
    add: (added: ReadonlyArray<Middleware>, session: SessionId | undefined): Either.Either<void, ConfigurationError> =>
      session === undefined ? addShared(added) : addOwn(session, added),
    remove,
    find: (name: string, session: SessionId | undefined): Option.Option<Middleware> =>
      Arr.findFirst(
        session === undefined ? shared : owned.get(session)?.registered ?? [],
        (middleware) => middleware.name === name
      ),
    names: (session: SessionId | undefined): ReadonlyArray<string> => seenBy(session).ordered.map(({ name }) => name),
    /** Drops what a session had of its own. */
    forget: (session: SessionId): void => {
      owned.delete(session)
    }
  }
}

const inSession = (session: SessionId) => ({ problems }: ConfigurationError) =>
  new ConfigurationError({ problems: Arr.map(problems, (problem) => `${problem} (in session ${session})`) })

interface Of {
  readonly session?: SessionId
}

/**
 * The pipeline in memory. A turn goes on with the steps it began with, which are never changed in place.
 */
export const makeMiddlewarePipeline = Effect.fnUntraced(function*(initial: ReadonlyArray<Middleware>) {
  const run = runWith(yield* CurrentInstrumentation)
  const register = makeMiddlewareRegistry()
  const asked = makeAdmissionLedger()

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
      const conditions = makeConditions(context)
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
    const conditions = makeConditions(started)
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
      const { applies } = makeConditions(context)
      const told = admitted ?? listeners.filter(applies)
      return Effect.forEach(told, (middleware) => notifyEnded(middleware, turn, deepFreeze(context)), {
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
    listFor: (session: SessionId) => Effect.sync(() => register.names(session))
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
