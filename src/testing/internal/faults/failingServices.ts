import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { TurnId } from "../../../domain/Ids.js"
import { isTerminal, type Turn } from "../../../domain/Turn.js"
import { HookBus } from "../../../services/HookBus.js"
import { MiddlewarePipeline } from "../../../services/MiddlewarePipeline.js"
import type { Provider } from "../../../services/Provider.js"
import { ProviderRegistry } from "../../../services/ProviderRegistry.js"
import { SessionStore } from "../../../services/SessionStore.js"
import type { Failpoint, FailpointControl } from "./failpoints.js"

/**
 * A provider whose replies arrive one event at a time, with a failpoint between events.
 */
export const failingProvider = ({ pass }: FailpointControl) => (provider: Provider): Provider => ({
  ...provider,
  open: (options) =>
    Effect.map(provider.open(options), ({ respond }) => ({
      respond: (request) =>
        Stream.rechunk(respond(request), 1).pipe(
          Stream.zipWithIndex,
          Stream.mapEffect(([event, index]) =>
            index === 0 ? Effect.succeed(event) : Effect.as(pass("midStream"), event)
          )
        )
    }))
})

type CommitPoint = Extract<
  Failpoint,
  "beforeAccept" | "afterAccept" | "beforeCall" | "afterIntent" | "beforeEnd" | "afterEnd" | "inRecovery"
>

interface Known {
  readonly attempt: number
  /** Whether an earlier owner left it open. */
  readonly left: boolean
}

/**
 * Derives from the open turns seen so far which steps of its turns a commit takes.
 */
export const makeTurnSteps = () => {
  const open = new Map<TurnId, Known>()

  return {
    /** Called with the open turns that an owner has read. */
    found: (turns: ReadonlyArray<Turn>): void => {
      for (const { attempt, id } of turns) open.set(id, { attempt, left: true })
    },

    /** The failpoints before and after a commit of these turns. */
    around: (turns: ReadonlyArray<Turn>) => {
      const before = new Set<CommitPoint>()
      const after = new Set<CommitPoint>()
      for (const { attempt, id, status } of turns) {
        const known = open.get(id)
        if (known?.left) {
          before.add("inRecovery")
          after.add("inRecovery")
        }
        if (isTerminal(status)) {
          before.add("beforeEnd")
          after.add("afterEnd")
          continue
        }
        if (known === undefined) {
          before.add("beforeAccept")
          after.add("afterAccept")
        }
        if (attempt > (known?.attempt ?? 0)) {
          before.add("beforeCall")
          after.add("afterIntent")
        }
      }
      return { before, after }
    },

    /** Called after the commit of these turns. */
    committed: (turns: ReadonlyArray<Turn>): void => {
      for (const { attempt, id, status } of turns) {
        if (isTerminal(status)) open.delete(id)
        else open.set(id, { attempt, left: open.get(id)?.left ?? false })
      }
    }
  }
}

/**
 * A store whose commits and recoveries pass the failpoints.
 */
export const failingStore = (
  store: SessionStore["Type"],
  { isDraining, pass }: FailpointControl
): SessionStore["Type"] => {
  const steps = makeTurnSteps()
  const passAll = <Point extends Failpoint>(points: Iterable<Point>) => Effect.forEach(points, pass, { discard: true })

  return {
    ...store,

    open: (id, window) =>
      Effect.tap(store.open(id, window), ({ openTurns }) =>
        Effect.suspend(() => {
          steps.found(openTurns)
          return Effect.when(pass("inRecovery"), () => openTurns.length > 0)
        })),

    commit: (id, epoch, changes) =>
      Effect.suspend(() => {
        const turns = changes.turns ?? []
        const { after, before } = steps.around(turns)
        return Effect.whenEffect(pass("inDrain"), isDraining).pipe(
          Effect.zipRight(passAll(before)),
          Effect.zipRight(store.commit(id, epoch, changes)),
          Effect.tap(() => steps.committed(turns)),
          Effect.zipRight(passAll(after))
        )
      })
  }
}

/**
 * Wraps the provided services with failpoints. The hook bus gets a hook of its own for its failpoint.
 */
export const failingServices = Effect.fnUntraced(function*(failpoints: FailpointControl) {
  const store = yield* SessionStore
  const pipeline = yield* MiddlewarePipeline
  const registry = yield* ProviderRegistry
  const bus = yield* HookBus
  const { pass } = failpoints
  const withFailpoints = failingProvider(failpoints)

  yield* bus.add({ name: "failpoints", timeout: Duration.infinity, on: () => pass("inHook") })

  return Context.make(SessionStore, failingStore(store, failpoints)).pipe(
    Context.add(MiddlewarePipeline, {
      ...pipeline,
      admission: (prompt, context, onSkip) =>
        Effect.tap(pipeline.admission(prompt, context, onSkip), () => pass("inAdmission")),
      begin: (context) => {
        const middleware = pipeline.begin(context)
        return {
          ...middleware,
          turn: (request, context, onSkip) =>
            Effect.tap(middleware.turn(request, context, onSkip), () => pass("inTurnMiddleware"))
        }
      }
    }),
    Context.add(ProviderRegistry, {
      ...registry,
      get: (name) => Effect.map(registry.get(name), withFailpoints),
      list: Effect.map(registry.list, (all) => all.map(withFailpoints))
    }),
    Context.add(HookBus, bus)
  )
})
