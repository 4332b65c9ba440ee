import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { ConfigurationError } from "../domain/error/ConfigurationError.js"
import type { ProviderRegistry } from "../services/ProviderRegistry.js"
import type { ProviderKind } from "./defineProviderKind.js"
import type { ConfigArguments } from "./internal/ConfigArguments.js"
import type { KindInfo } from "./internal/Kind.js"
import { makeKinds } from "./internal/makeKinds.js"
import {
  type AnthropicConfig,
  type ChatCompletionsConfig,
  type MockConfig,
  type OpenAiConfig,
  providerKinds
} from "./internal/providerKinds.js"

/**
 * What the providers that are always there are made with.
 */
export interface ProviderConfigs {
  /** `OpenAiProvider`. */
  readonly openai: typeof OpenAiConfig.Encoded
  /** `AnthropicProvider`. */
  readonly anthropic: typeof AnthropicConfig.Encoded
  /** `ChatCompletionsProvider`; sessions choose it as `chat`, unless it has another `name`. */
  readonly chatCompletions: typeof ChatCompletionsConfig.Encoded
  /** `MockProvider`. */
  readonly mock: typeof MockConfig.Encoded
}

/**
 * Kinds of providers by name, so that a configuration file can say who answers. It makes adapters; those that sessions can
 * name are in the `ProviderRegistry`, where each adapter registers itself.
 */
export class Providers extends Context.Tag("langswarm-session/layers/Providers")<Providers, {
  /** Adds a kind until the scope closes. Fails when its name is taken. */
  readonly register: (kind: ProviderKind) => Effect.Effect<void, ConfigurationError, Scope.Scope>

  /**
   * A provider of this kind, which registers itself when the layer is built. Fails when there is no such kind, and then
   * lists those there are, or when the configuration does not fit, and then names the field.
   */
  readonly create: <Name extends string>(
    name: Name,
    ...config: ConfigArguments<ProviderConfigs, Name>
  ) => Effect.Effect<Layer.Layer<never, ConfigurationError, ProviderRegistry>, ConfigurationError>

  /** All kinds, in the order they were registered, with what their configuration may hold. */
  readonly list: Effect.Effect<ReadonlyArray<KindInfo>>
}>() {
  /** `openai`, `anthropic`, `chatCompletions` and `mock`, and those that are given. Fails when two have the same name. */
  static readonly layer = (...kinds: ReadonlyArray<ProviderKind>): Layer.Layer<Providers, ConfigurationError> =>
    Layer.scoped(
      Providers,
      Effect.map(
        makeKinds("provider", [...providerKinds, ...kinds]),
        ({ list, make, register }) =>
          Providers.of({ register, list, create: (name, ...[config = {}]) => make(name, config) })
      )
    )

  /** The same as a layer: what a program needs that has a provider's name and configuration, and no provider. */
  static readonly create = <Name extends string>(
    name: Name,
    ...config: ConfigArguments<ProviderConfigs, Name>
  ): Layer.Layer<never, ConfigurationError, ProviderRegistry | Providers> =>
    Layer.unwrapEffect(Effect.flatMap(Providers, (providers) => providers.create(name, ...config)))
}
