import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { HookBus } from "../../../services/HookBus.js"
import { MiddlewarePipeline } from "../../../services/MiddlewarePipeline.js"
import { ProviderRegistry } from "../../../services/ProviderRegistry.js"
import { SessionStore } from "../../../services/SessionStore.js"
import { failingProvider } from "./failingProvider.js"
import { failingStore } from "./failingStore.js"
import type { FailpointControl } from "./makeFailpoints.js"

/**
 * The services that are provided, with failpoints around them. The bus gets a hook of its own for its failpoint.
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
