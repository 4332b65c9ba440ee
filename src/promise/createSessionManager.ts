import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Predicate from "effect/Predicate"
import { ConfigurationError } from "../domain/error/RequestError.js"
import type { StoreError } from "../domain/error/StoreError.js"
import * as LoggingHook from "../layers/hook/LoggingHook.js"
import type { LocalSessionHostOptions } from "../layers/host/LocalSessionHost.js"
import * as LoggingMiddleware from "../layers/middleware/LoggingMiddleware.js"
import * as GenAiPricing from "../layers/pricing/GenAiPricing.js"
import type { GenAiPricingOptions } from "../layers/pricing/GenAiPricing.js"
import { type ProviderConfigs, type ProviderKind, Providers } from "../layers/Providers.js"
import * as SessionRuntime from "../layers/SessionRuntime.js"
import { SessionStores, type StoreConfigs, type StoreKind } from "../layers/SessionStores.js"
import { HookBus } from "../services/HookBus.js"
import { IdGenerator } from "../services/IdGenerator.js"
import { MiddlewarePipeline } from "../services/MiddlewarePipeline.js"
import { openSessionManager } from "../services/promise/calls.js"
import type { PromiseSessionManager } from "../services/promise/PromiseSession.js"
import type { Provider } from "../services/Provider.js"
import { ProviderRegistry } from "../services/ProviderRegistry.js"
import type { SessionStore } from "../services/SessionStore.js"
import { defineHook, defineMiddleware, type HookDefinition, type MiddlewareDefinition } from "./define.js"

type StorageConfig =
  | { readonly [Kind in keyof StoreConfigs]: { readonly kind: Kind } & StoreConfigs[Kind] }[keyof StoreConfigs]
  | { readonly kind: string & {}; readonly [key: string]: unknown }

type ProviderConfig =
  | string
  | true
  | { readonly [Kind in keyof ProviderConfigs]: { readonly kind: Kind } & ProviderConfigs[Kind] }[keyof ProviderConfigs]
  | { readonly kind?: string; readonly [key: string]: unknown }

/**
 * Options of a manager. Explicit options override the preset.
 */
export interface SessionManagerOptions extends LocalSessionHostOptions {
  /**
   * `development`: sessions in memory, the mock provider, and each message and event logged at level `Debug`. `production`:
   * SQLite on disk, only the given providers, and a JSON log from level `Info`. Default: sessions in memory with the given
   * providers, or with the mock provider when none are given.
   */
  readonly preset?: "development" | "production"
  /** The store: a kind's name, `{ kind, ...config }`, or a layer. */
  readonly storage?: keyof StoreConfigs | StorageConfig | Layer.Layer<SessionStore, ConfigurationError | StoreError>
  /**
   * Providers by name: an API key, `true` for a provider without one, or a configuration, with its `kind` when the name is not
   * the kind. Or a list of providers, and of layers that register providers.
   */
  readonly providers?:
    | { readonly [name: string]: ProviderConfig }
    | ReadonlyArray<Provider | Layer.Layer<never, ConfigurationError, ProviderRegistry>>
  readonly middleware?: ReadonlyArray<MiddlewareDefinition>
  readonly hooks?: ReadonlyArray<HookDefinition>
  /** Prices in addition to the built-in list. */
  readonly pricing?: GenAiPricingOptions
  /** Kinds of stores that `storage` may name, besides the built-in ones. */
  readonly storeKinds?: ReadonlyArray<StoreKind>
  /** Kinds of providers that `providers` may name, besides the built-in ones. */
  readonly providerKinds?: ReadonlyArray<ProviderKind>
}

/**
 * Creates a manager in this process. Rejects with `ConfigurationError` when an option is wrong, and with `StoreError` when the
 * store cannot be opened. Call `close` at the end.
 *
 * `drainTimeout` is how long `close` may take: half of it for calls, half for other turns. Default: 20 seconds.
 */
export const createSessionManager = (options: SessionManagerOptions = {}): Promise<PromiseSessionManager> => {
  const { drainTimeout = "20 seconds", hooks = [], middleware = [], preset, pricing, ...limits } = options
  const half = Duration.times(drainTimeout, 0.5)
  const level = LogLevel.Debug
  const observers = preset === "development"
    ? { middleware: [LoggingMiddleware.make({ level })], hooks: [LoggingHook.make({ level })] }
    : { middleware: [], hooks: [] }

  const layer = SessionRuntime.layer({ ...limits, drainTimeout: half }).pipe(
    Layer.provide([
      storeLayer(options),
      providersLayer(options),
      IdGenerator.layer,
      GenAiPricing.layer(pricing),
      MiddlewarePipeline.layer(...observers.middleware, ...middleware.map(defineMiddleware)),
      HookBus.layer(...observers.hooks, ...hooks.map(defineHook))
    ]),
    Layer.provideMerge(preset === undefined ? Layer.empty : logs[preset])
  )
  return openSessionManager(layer, half)
}

type Registration = Layer.Layer<never, ConfigurationError, ProviderRegistry | Providers>

const providersLayer = (
  { preset, providerKinds = [], providers = {} }: SessionManagerOptions
): Layer.Layer<ProviderRegistry, ConfigurationError> => {
  const given: ReadonlyArray<Registration> = isList(providers)
    ? providers.map((provider) => "open" in provider ? registerProvider(provider) : provider)
    : Object.entries(providers).map(([name, config]) => createProvider(name, config))
  const hasMock = !isList(providers) && "mock" in providers
  const withMock = preset === "development" ? !hasMock : preset === undefined && given.length === 0
  if (preset === "production" && given.length === 0) return Layer.fail(noProvider)
  return Layer.mergeAll(Layer.empty, ...given, ...(withMock ? [Providers.create("mock")] : [])).pipe(
    Layer.provide(Providers.layer(...providerKinds)),
    Layer.provideMerge(ProviderRegistry.layer())
  )
}

const noProvider = new ConfigurationError({
  problems: ["providers: the preset \"production\" needs at least one; pass one, such as { openai: apiKey }"]
})

const isList = (
  providers: NonNullable<SessionManagerOptions["providers"]>
): providers is Extract<typeof providers, ReadonlyArray<unknown>> => Array.isArray(providers)

const registerProvider = (provider: Provider): Registration =>
  Layer.scopedDiscard(Effect.flatMap(ProviderRegistry, (registry) => registry.register(provider)))

const createProvider = (name: string, given: unknown): Registration => {
  if (Predicate.isString(given)) return Providers.create<string>(name, { name, apiKey: given })
  const { kind = name, ...config } = Predicate.isRecord(given) ? given : {}
  return Predicate.isString(kind)
    ? Providers.create<string>(kind, { name, ...config })
    : Layer.fail(new ConfigurationError({ problems: [`providers.${name}.kind must be a string, such as "openai"`] }))
}

const storeLayer = (
  { preset, storage = preset === "production" ? "sqlite" : "memory", storeKinds = [] }: SessionManagerOptions
): Layer.Layer<SessionStore, ConfigurationError | StoreError> => {
  const named = Predicate.isString(storage) ? { kind: storage } : storage
  if (!("kind" in named)) return named
  const { kind, ...config } = named
  return SessionStores.create<string>(kind, config).pipe(Layer.provide(SessionStores.layer(...storeKinds)))
}

const logs = {
  development: Layer.merge(Logger.pretty, Logger.minimumLogLevel(LogLevel.Debug)),
  production: Layer.merge(Logger.json, Logger.minimumLogLevel(LogLevel.Info))
}
