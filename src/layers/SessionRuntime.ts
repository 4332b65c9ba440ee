import * as Layer from "effect/Layer"
import * as LogLevel from "effect/LogLevel"
import type { StoreError } from "../domain/error/StoreError.js"
import { HookBus } from "../services/HookBus.js"
import { IdGenerator } from "../services/IdGenerator.js"
import { MiddlewarePipeline } from "../services/MiddlewarePipeline.js"
import { Pricing } from "../services/Pricing.js"
import { ProviderRegistry } from "../services/ProviderRegistry.js"
import type { SessionHost } from "../services/SessionHost.js"
import { SessionManager } from "../services/SessionManager.js"
import type { SessionStore } from "../services/SessionStore.js"
import * as LoggingHook from "./hook/LoggingHook.js"
import * as LocalSessionHost from "./host/LocalSessionHost.js"
import * as LoggingMiddleware from "./middleware/LoggingMiddleware.js"
import * as GenAiPricing from "./pricing/GenAiPricing.js"
import { MockProvider, type MockProviderOptions } from "./provider/MockProvider.js"
import { MemorySessionStore } from "./store/MemorySessionStore.js"
import * as SqliteSessionStore from "./store/SqliteSessionStore.js"

/**
 * The manager in process, over whatever store, providers, middleware and hooks are given.
 */
export const layer = (
  options?: LocalSessionHost.LocalSessionHostOptions
): Layer.Layer<
  SessionHost | SessionManager,
  StoreError,
  HookBus | IdGenerator | MiddlewarePipeline | Pricing | ProviderRegistry | SessionStore
> =>
  // Fresh, since it is a constant: two stacks that are built together would share the manager of the first.
  Layer.fresh(SessionManager.layer).pipe(Layer.provideMerge(LocalSessionHost.layer(options)))

/**
 * To try things out: everything in memory, the mock provider, and each message and event in the log at level
 * `Debug`.
 */
export const layerDevelopment: Layer.Layer<SessionManager> = layer().pipe(
  Layer.provide([
    MemorySessionStore.layer(),
    IdGenerator.layer,
    GenAiPricing.layer(),
    MockProvider.layer().pipe(Layer.provideMerge(ProviderRegistry.layer())),
    LoggingMiddleware.layer({ level: LogLevel.Debug }).pipe(Layer.provideMerge(MiddlewarePipeline.layer())),
    HookBus.layer(LoggingHook.make({ level: LogLevel.Debug }))
  ]),
  // Nothing here can be misconfigured, and memory has no disk to fail.
  Layer.orDie
)

/**
 * To run for real: SQLite, with each acknowledged turn on disk. Bring the providers.
 */
export const layerProduction = (
  options: SqliteSessionStore.SqliteSessionStoreOptions & LocalSessionHost.LocalSessionHostOptions & {
    /** Prices beside those of the list. */
    readonly pricing?: GenAiPricing.GenAiPricingOptions
  }
) =>
  layer(options).pipe(
    Layer.provideMerge(Layer.mergeAll(MiddlewarePipeline.layer(), HookBus.layer())),
    Layer.provide([SqliteSessionStore.layer(options), IdGenerator.layer, GenAiPricing.layer(options.pricing)])
  )

/**
 * To test against: memory, ids that are the same in each run, and a mock provider whose control is there too, as are all
 * other services. It waits on the `Clock` only, so `TestClock` drives it; what still runs at the end is interrupted. A
 * provider call that fails is not made again, unless `providerRetries` says so: else a test would have to move the clock.
 */
export const layerTest = (
  { providerRetries = 0, ...options }:
    & MockProviderOptions
    & Pick<LocalSessionHost.LocalSessionHostOptions, "providerRetries"> = {}
) =>
  layer({ drainTimeout: 0, providerRetries }).pipe(
    Layer.provideMerge(Layer.mergeAll(
      MemorySessionStore.layer(),
      IdGenerator.layerTest,
      Pricing.layerUnknown,
      MockProvider.layer(options).pipe(Layer.provideMerge(ProviderRegistry.layer())),
      MiddlewarePipeline.layer(),
      HookBus.layer()
    ))
  )
