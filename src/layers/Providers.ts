import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { ConfigurationError } from "../domain/error/RequestError.js"
import { DurationFromInput } from "../domain/Input.js"
import { JsonRecord } from "../domain/Json.js"
import { ProviderCapabilities, ProviderName } from "../domain/Provider.js"
import type { ProviderRegistry } from "../services/ProviderRegistry.js"
import {
  type ConfigArguments,
  defineKind,
  type Kind,
  type KindDefinition,
  type KindInfo,
  makeKinds,
  SecretFromInput
} from "./internal/kinds.js"
import { MockSettings } from "./provider/mock/reply.js"
import { MockProvider } from "./provider/MockProvider.js"

/**
 * A way to make a provider of plain data, by a name.
 */
export interface ProviderKind extends Kind<Layer.Layer<never, ConfigurationError, ProviderRegistry>> {}

/**
 * Makes a kind of provider for `Providers`. Its configuration is read with the schema `config`, where a key that the schema
 * does not know is refused. The layer registers the provider.
 */
export const defineProviderKind = <Config, Encoded>(
  definition: KindDefinition<Config, Encoded, Layer.Layer<never, ConfigurationError, ProviderRegistry>>
): ProviderKind => defineKind("provider", definition)

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })
const bytes = optional(Schema.Positive.pipe(Schema.int()))

const Options = Schema.Struct({
  name: optional(ProviderName),
  defaultConfig: optional(JsonRecord),
  firstByteTimeout: optional(DurationFromInput),
  idleTimeout: optional(DurationFromInput),
  maxReplyBytes: bytes,
  maxLineBytes: bytes
})

export const OpenAiConfig = Schema.Struct({
  apiKey: SecretFromInput,
  vendor: optional(Schema.NonEmptyString),
  baseUrl: optional(Schema.String),
  conversation: optional(Schema.Literal("conversations", "responses", "stateless")),
  ...Options.fields
})

export const AnthropicConfig = Schema.Struct({
  apiKey: SecretFromInput,
  baseUrl: optional(Schema.String),
  ...Options.fields
})

export const ChatCompletionsConfig = Schema.Struct({
  baseUrl: Schema.String,
  apiKey: optional(SecretFromInput),
  vendor: optional(Schema.NonEmptyString),
  capabilities: optional(Schema.partialWith(ProviderCapabilities.omit("conversation"), { exact: true })),
  ...Options.fields
})

export const MockConfig = Schema.Struct({
  name: optional(ProviderName),
  vendor: optional(Schema.NonEmptyString),
  seed: optional(Schema.Union(Schema.Number, Schema.String)),
  capabilities: optional(Schema.partialWith(ProviderCapabilities, { exact: true })),
  ...MockSettings.fields
})

/** The vendors' own packages take a while, so each is loaded by who makes such a provider. */
const loaded = <Module, Out, E, In>(load: () => Promise<Module>, use: (module: Module) => Layer.Layer<Out, E, In>) =>
  Layer.unwrapEffect(Effect.map(Effect.promise(load), use))

/**
 * The providers there are.
 */
export const providerKinds = [
  defineProviderKind({
    name: "openai",
    config: OpenAiConfig,
    make: (options) =>
      loaded(() => import("./provider/OpenAiProvider.js"), ({ OpenAiProvider }) => OpenAiProvider.layer(options))
  }),
  defineProviderKind({
    name: "anthropic",
    config: AnthropicConfig,
    make: (options) =>
      loaded(
        () => import("./provider/AnthropicProvider.js"),
        ({ AnthropicProvider }) => AnthropicProvider.layer(options)
      )
  }),
  defineProviderKind({
    name: "chatCompletions",
    config: ChatCompletionsConfig,
    make: (options) => loaded(() => import("./provider/ChatCompletionsProvider.js"), ({ layer }) => layer(options))
  }),
  defineProviderKind({ name: "mock", config: MockConfig, make: MockProvider.layer })
]

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
