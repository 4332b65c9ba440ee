import type * as Layer from "effect/Layer"
import type { ConfigurationError } from "../domain/error/ConfigurationError.js"
import type { StoreError } from "../domain/error/StoreError.js"
import type { ProviderKind } from "../layers/defineProviderKind.js"
import type { StoreKind } from "../layers/defineStoreKind.js"
import type { LocalSessionHostOptions } from "../layers/host/LocalSessionHost.js"
import type { GenAiPricingOptions } from "../layers/pricing/GenAiPricing.js"
import type { ProviderConfigs } from "../layers/Providers.js"
import type { StoreConfigs } from "../layers/SessionStores.js"
import type { Provider } from "../services/Provider.js"
import type { ProviderRegistry } from "../services/ProviderRegistry.js"
import type { SessionStore } from "../services/SessionStore.js"
import type { HookDefinition } from "./defineHook.js"
import type { MiddlewareDefinition } from "./defineMiddleware.js"

type StorageConfig =
  | { readonly [Kind in keyof StoreConfigs]: { readonly kind: Kind } & StoreConfigs[Kind] }[keyof StoreConfigs]
  | { readonly kind: string & {}; readonly [key: string]: unknown }

type ProviderConfig =
  | string
  | true
  | { readonly [Kind in keyof ProviderConfigs]: { readonly kind: Kind } & ProviderConfigs[Kind] }[keyof ProviderConfigs]
  | { readonly kind?: string; readonly [key: string]: unknown }

/**
 * What a manager is made of. All of it has defaults; what is told goes before the preset.
 */
export interface SessionManagerOptions extends LocalSessionHostOptions {
  /**
   * `development`: in memory, with the mock provider, and each message and event in the log at level `Debug`. `production`:
   * SQLite on disk, the providers that are given and no other, and a log of JSON from level `Info` on. Without one: in
   * memory, with the providers that are given, or the mock when none are.
   */
  readonly preset?: "development" | "production"
  /** Where sessions are kept: the name of a kind of `SessionStores`, one with its configuration, or a layer. */
  readonly storage?: keyof StoreConfigs | StorageConfig | Layer.Layer<SessionStore, ConfigurationError | StoreError>
  /**
   * Who answers, by the name that sessions choose: an API key, `true` for one that needs none, or a configuration, with the
   * `kind` of `Providers` when the name is not that. Or a list of providers, and of layers that register some.
   */
  readonly providers?:
    | { readonly [name: string]: ProviderConfig }
    | ReadonlyArray<Provider | Layer.Layer<never, ConfigurationError, ProviderRegistry>>
  readonly middleware?: ReadonlyArray<MiddlewareDefinition>
  readonly hooks?: ReadonlyArray<HookDefinition>
  /** Prices beside those of the list. */
  readonly pricing?: GenAiPricingOptions
  /** Kinds of stores that `storage` may name beside `memory` and `sqlite`. */
  readonly storeKinds?: ReadonlyArray<StoreKind>
  /** Kinds of providers that `providers` may name beside those there are. */
  readonly providerKinds?: ReadonlyArray<ProviderKind>
}
