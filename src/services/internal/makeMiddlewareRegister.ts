import * as Arr from "effect/Array"
import * as Either from "effect/Either"
import type * as Option from "effect/Option"
import { ConfigurationError } from "../../domain/error/ConfigurationError.js"
import type { SessionId } from "../../domain/SessionId.js"
import type { Middleware } from "../Middleware.js"
import { orderMiddleware } from "./middlewareOrder.js"
import { type Stages, stagesOf } from "./middlewareStages.js"

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
export const makeMiddlewareRegister = () => {
  let shared: ReadonlyArray<Middleware> = []
  let stages = stagesOf([])
  let owned = new Map<SessionId, Own>()

  const addShared = (added: ReadonlyArray<Middleware>) =>
    Either.gen(function*() {
      const order = yield* orderMiddleware(shared, added)
      const next = new Map<SessionId, Own>()
      for (const [session, { registered }] of owned) {
        const all = yield* Either.mapLeft(orderMiddleware([...shared, ...registered], added), inSession(session))
        next.set(session, { registered, stages: stagesOf(all) })
      }
      shared = [...shared, ...added]
      stages = stagesOf(order)
      owned = next
    })

  const addOwn = (session: SessionId, added: ReadonlyArray<Middleware>) =>
    Either.gen(function*() {
      const { registered = [] } = owned.get(session) ?? {}
      const order = yield* Either.mapLeft(orderMiddleware([...shared, ...registered], added), inSession(session))
      owned.set(session, { registered: [...registered, ...added], stages: stagesOf(order) })
    })

  const seenBy = (session: SessionId | undefined) => (session && owned.get(session)?.stages) ?? stages

  /** Does nothing when it is gone. Answers those that depend on it and go on without it. */
  const remove = (middleware: Middleware, session: SessionId | undefined): ReadonlyArray<string> => {
    const others = (all: ReadonlyArray<Middleware>) => all.filter((other) => other !== middleware)
    const without = ({ ordered }: Stages) => stagesOf(others(ordered))
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
