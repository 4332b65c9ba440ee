import * as Layer from "effect/Layer"
import * as LogLevel from "effect/LogLevel"
import type { StoreError } from "../domain/error/StoreError.js"
import { HookBus } from "../services/HookBus.js"
import { IdGenerator } from "../services/IdGenerator.js"
import { layerFromConfig } from "../services/internal/config.js"
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
 * A session manager in this process, over the given store, providers, middleware and hooks.
 */
export const layer = (
  options?: LocalSessionHost.LocalSessionHostOptions
): Layer.Layer<
  SessionHost | SessionManager,
  StoreError,
  HookBus | IdGenerator | MiddlewarePipeline | Pricing | ProviderRegistry | SessionStore
> =>
  // `fresh`, because layers are memoized: two stacks built together would share the manager of the first.
  Layer.fresh(SessionManager.layer).pipe(Layer.provideMerge(LocalSessionHost.layer(options)))

/**
 * `layer` with options read from `Config`.
 */
export const layerConfig = layerFromConfig(layer)

/**
 * For development: everything in memory, the mock provider, and a log line at level `Debug` for each message and event.
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
  // This configuration is valid, and memory cannot fail.
  Layer.orDie
)

/**
 * For production: SQLite, with each acknowledged turn on disk. Provide a `ProviderRegistry`.
 */
export const layerProduction = (
  options: SqliteSessionStore.SqliteSessionStoreOptions & LocalSessionHost.LocalSessionHostOptions & {
    /** Prices that override or extend the built-in list. */
    readonly pricing?: GenAiPricing.GenAiPricingOptions
  }
) =>
  layer(options).pipe(
    Layer.provideMerge(Layer.mergeAll(MiddlewarePipeline.layer(), HookBus.layer())),
    Layer.provide([SqliteSessionStore.layer(options), IdGenerator.layer, GenAiPricing.layer(options.pricing)])
  )

/**
 * `layerProduction` with options read from `Config`.
 */
export const layerProductionConfig = layerFromConfig(layerProduction)

/**
 * For tests: everything in memory, deterministic ids, and a mock provider. All services are exposed, the control of the mock
 * included. Time comes from `Clock` alone, so `TestClock` drives it. Turns still running at the end are interrupted. Failed
 * provider calls are not retried unless `providerRetries` is set, because a test would have to advance the clock.
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
