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
import { deepFreeze } from "./deepFreeze.js"
import { CurrentInstrumentation, type Instrumentation } from "./Instrumentation.js"
import { makeConditions, orderMiddleware, type Stages, toStages } from "./middlewareStages.js"
import { notifyEnded, runStep, type Step } from "./middlewareStep.js"

/**
 * An in-memory pipeline. A turn keeps the steps it started with: stages are replaced, never changed in place.
 */
export const makeMiddlewarePipeline = Effect.fnUntraced(function*(initial: ReadonlyArray<Middleware>) {
  const run = runWith(yield* CurrentInstrumentation)
  const registry = makeRegistry()
  const admissions = makeAdmissionLedger()

  const remove = (middleware: Middleware, session: SessionId | undefined) =>
    Effect.suspend(() => {
      const dependents = registry.remove(middleware, session)
      return dependents.length === 0
        ? Effect.void
        : Effect.logWarning(
          `Middleware "${middleware.name}" was removed; these depend on it and run without it: ${dependents.join(", ")}`
        )
    })

  const admission = (
    prompt: Prompt,
    context: MiddlewareContext,
    onSkip?: OnSkip
  ): Effect.Effect<Prompt, MiddlewareError> => {
    const stages = registry.stages(context.session.id)
    if (stages.admission.length === 0 && stages.ended.length === 0) return Effect.succeed(prompt)
    return Effect.suspend(() => {
      const conditions = makeConditions(context)
      admissions.add(
        context,
        stages.ended.filter((middleware) => middleware.admission === undefined && conditions.applies(middleware))
      )
      return Effect.reduce(conditions.steps(stages.admission), prompt, (prompt, step) => {
        const running = run([step], prompt, context, onSkip)
        if (step.middleware.ended === undefined) return running
        const note = Effect.sync(() => admissions.add(context, [step.middleware]))
        // Noted again afterwards: an edited turn may end meanwhile, and what is reserved after that must be settled too.
        return Effect.zipRight(note, Effect.ensuring(running, note))
      })
    })
  }

  const begin = (started: MiddlewareContext): TurnMiddleware => {
    const stages = registry.stages(started.session.id)
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
    const admitted = admissions.take(context)
    const candidates = admitted ?? (turn ? registry.stages(context.session.id).ended : [])
    if (candidates.length === 0) return Option.none()
    return Option.some(Effect.suspend(() => {
      const { applies } = makeConditions(context)
      const selected = admitted ?? candidates.filter(applies)
      return Effect.forEach(selected, (middleware) => notifyEnded(middleware, turn, deepFreeze(context)), {
        concurrency: "unbounded",
        discard: true
      })
    }))
  }

  yield* registry.add(initial, undefined)

  return {
    admission,
    begin,
    ended,
    add: (
      middleware: Middleware,
      { session }: { readonly session?: SessionId } = {}
    ): Effect.Effect<void, ConfigurationError, Scope.Scope> =>
      Effect.acquireRelease(
        Effect.suspend(() => registry.add([middleware], session)),
        () => remove(middleware, session)
      ),
    remove: (name: string, { session }: { readonly session?: SessionId } = {}): Effect.Effect<boolean> =>
      Effect.suspend(() =>
        Option.match(registry.find(name, session), {
          onNone: () => Effect.succeed(false),
          onSome: (middleware) => Effect.as(remove(middleware, session), true)
        })
      ),
    forget: registry.forget,
    list: Effect.sync(() => registry.names(undefined)),
    listFor: (session: SessionId) => Effect.sync(() => registry.names(session))
  }
})

const runWith = (instrumentation: Instrumentation) => {
  const instrumented = <A>(step: Step<A>): Step<A> => ({
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
      : Effect.reduce(steps, value, (input, step) => runStep(instrumented(step), input, deepFreeze(context), onSkip))
}

const noMiddleware: TurnMiddleware = {
  turn: Effect.succeed,
  reply: Effect.succeed,
  hasTurnStage: false,
  mayStream: true
}

/** A session's own middleware, and the stages it passes with them. */
interface SessionMiddleware {
  readonly registered: ReadonlyArray<Middleware>
  readonly stages: Stages
}

/**
 * The registered middleware: `shared` by all sessions, and `owned` by single ones.
 */
const makeRegistry = () => {
  let shared: ReadonlyArray<Middleware> = []
  let stages = toStages([])
  let owned = new Map<SessionId, SessionMiddleware>()

  const addShared = (added: ReadonlyArray<Middleware>) =>
    Either.gen(function*() {
      const order = yield* orderMiddleware(shared, added)
      const next = new Map<SessionId, SessionMiddleware>()
      for (const [session, { registered }] of owned) {
        const all = yield* Either.mapLeft(orderMiddleware([...shared, ...registered], added), inSession(session))
        next.set(session, { registered, stages: toStages(all) })
      }
      shared = [...shared, ...added]
      stages = toStages(order)
      owned = next
    })

  const addOwned = (session: SessionId, added: ReadonlyArray<Middleware>) =>
    Either.gen(function*() {
      const { registered = [] } = owned.get(session) ?? {}
      const order = yield* Either.mapLeft(orderMiddleware([...shared, ...registered], added), inSession(session))
      owned.set(session, { registered: [...registered, ...added], stages: toStages(order) })
    })

  const stagesFor = (session: SessionId | undefined) => (session && owned.get(session)?.stages) ?? stages

  /** Does nothing if it is removed already. Returns the names of those that depend on it. */
  const remove = (middleware: Middleware, session: SessionId | undefined): ReadonlyArray<string> => {
    const others = (all: ReadonlyArray<Middleware>) => all.filter((other) => other !== middleware)
    const without = ({ ordered }: Stages) => toStages(others(ordered))
    const affected: Array<Middleware> = []
    if (session === undefined) {
      if (!shared.includes(middleware)) return []
      shared = others(shared)
      stages = without(stages)
      for (const [id, { registered, stages }] of owned) {
        owned.set(id, { registered, stages: without(stages) })
        affected.push(...registered)
      }
      affected.push(...shared)
    } else {
      const own = owned.get(session)
      if (!own?.registered.includes(middleware)) return []
      const registered = others(own.registered)
      if (registered.length === 0) owned.delete(session)
      else owned.set(session, { registered, stages: without(own.stages) })
      affected.push(...registered)
    }
    return Arr.dedupe(
      affected.filter(({ dependsOn = [] }) => dependsOn.includes(middleware.name)).map(({ name }) => name)
    )
  }

  return {
    stages: stagesFor,
    add: (added: ReadonlyArray<Middleware>, session: SessionId | undefined): Either.Either<void, ConfigurationError> =>
      session === undefined ? addShared(added) : addOwned(session, added),
    remove,
    find: (name: string, session: SessionId | undefined): Option.Option<Middleware> =>
      Arr.findFirst(
        session === undefined ? shared : owned.get(session)?.registered ?? [],
        (middleware) => middleware.name === name
      ),
    names: (session: SessionId | undefined): ReadonlyArray<string> =>
      stagesFor(session).ordered.map(({ name }) => name),
    forget: (session: SessionId): void => {
      owned.delete(session)
    }
  }
}

const inSession = (session: SessionId) => ({ problems }: ConfigurationError) =>
  new ConfigurationError({ problems: Arr.map(problems, (problem) => `${problem} (in session ${session})`) })

/**
 * Which middleware admitted each open turn, and so has to run `ended` for it. `take` removes the entry, so that `ended` runs
 * once.
 */
const makeAdmissionLedger = () => {
  const admitted = new Map<TurnId, Set<Middleware>>()
  return {
    add: ({ turnId }: MiddlewareContext, more: ReadonlyArray<Middleware>): void => {
      if (turnId === undefined || more.length === 0) return
      const known = admitted.get(turnId) ?? new Set()
      for (const middleware of more) known.add(middleware)
      admitted.set(turnId, known)
    },
    /** Undefined when no middleware admitted this turn in this process. */
    take: ({ turnId }: MiddlewareContext): ReadonlyArray<Middleware> | undefined => {
      const known = turnId && admitted.get(turnId)
      if (turnId === undefined || known === undefined) return undefined
      admitted.delete(turnId)
      return [...known]
    }
  }
}
