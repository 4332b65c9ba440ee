import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { ConfigurationError } from "../domain/error/RequestError.js"
import { TimeSpan } from "../domain/Input.js"
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
 * Makes providers by the name of their kind, so that a configuration file can choose them. Each provider registers itself in
 * the `ProviderRegistry`, where sessions find it.
 */
export class Providers extends Context.Tag("langswarm-session/layers/Providers")<Providers, {
  /** Adds a kind until the scope closes. Fails with a `ConfigurationError` when the name is taken. */
  readonly register: (kind: ProviderKind) => Effect.Effect<void, ConfigurationError, Scope.Scope>

  /**
   * A layer that makes and registers a provider of this kind. Fails with a `ConfigurationError` that lists the kinds when there
   * is no such kind, or names the field when the configuration is invalid.
   */
  readonly create: <Name extends string>(
    name: Name,
    ...config: ConfigArguments<ProviderConfigs, Name>
  ) => Effect.Effect<Layer.Layer<never, ConfigurationError, ProviderRegistry>, ConfigurationError>

  /** All kinds in the order of registration, with the JSON Schemas of their configurations. */
  readonly list: Effect.Effect<ReadonlyArray<KindInfo>>
}>() {
  /** The kinds `openai`, `anthropic`, `chatCompletions` and `mock`, and the given ones. Fails when two have the same name. */
  static readonly layer = (...kinds: ReadonlyArray<ProviderKind>): Layer.Layer<Providers, ConfigurationError> =>
    Layer.scoped(
      Providers,
      Effect.map(
        makeKinds("provider", [...providerKinds, ...kinds]),
        ({ list, make, register }) =>
          Providers.of({ register, list, create: (name, ...[config = {}]) => make(name, config) })
      )
    )

  /** `create` as a layer, for a program that has a kind's name and configuration. */
  static readonly create = <Name extends string>(
    name: Name,
    ...config: ConfigArguments<ProviderConfigs, Name>
  ): Layer.Layer<never, ConfigurationError, ProviderRegistry | Providers> =>
    Layer.unwrapEffect(Effect.flatMap(Providers, (providers) => providers.create(name, ...config)))
}

/**
 * The configurations of the built-in kinds.
 */
export interface ProviderConfigs {
  /** Makes an `OpenAiProvider`. */
  readonly openai: typeof OpenAiConfig.Encoded
  /** Makes an `AnthropicProvider`. */
  readonly anthropic: typeof AnthropicConfig.Encoded
  /** Makes a `ChatCompletionsProvider`. Sessions choose it by its `name`, `chat` by default. */
  readonly chatCompletions: typeof ChatCompletionsConfig.Encoded
  /** Makes a `MockProvider`. */
  readonly mock: typeof MockConfig.Encoded
}

/**
 * A named way to make a provider from plain data, such as a configuration file.
 */
export interface ProviderKind extends Kind<Layer.Layer<never, ConfigurationError, ProviderRegistry>> {}

/**
 * Makes a kind of provider for `Providers`. Its configuration is decoded with the schema `config`, which refuses unknown keys.
 * The layer must register the provider.
 */
export const defineProviderKind = <Config, Encoded>(
  definition: KindDefinition<Config, Encoded, Layer.Layer<never, ConfigurationError, ProviderRegistry>>
): ProviderKind => defineKind("provider", definition)

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })
const bytes = optional(Schema.Positive.pipe(Schema.int()))

const Options = Schema.Struct({
  name: optional(ProviderName),
  defaultConfig: optional(JsonRecord),
  firstByteTimeout: optional(TimeSpan),
  idleTimeout: optional(TimeSpan),
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

/**
 * The built-in kinds.
 */
export const providerKinds = [
  defineProviderKind({
    name: "openai",
    config: OpenAiConfig,
    make: (options) =>
      lazily(() => import("./provider/OpenAiProvider.js"), ({ OpenAiProvider }) => OpenAiProvider.layer(options))
  }),
  defineProviderKind({
    name: "anthropic",
    config: AnthropicConfig,
    make: (options) =>
      lazily(
        () => import("./provider/AnthropicProvider.js"),
        ({ AnthropicProvider }) => AnthropicProvider.layer(options)
      )
  }),
  defineProviderKind({
    name: "chatCompletions",
    config: ChatCompletionsConfig,
    make: (options) => lazily(() => import("./provider/ChatCompletionsProvider.js"), ({ layer }) => layer(options))
  }),
  defineProviderKind({ name: "mock", config: MockConfig, make: MockProvider.layer })
]

/** The modules import the vendors' SDKs, which take up to 200 ms to load: each is loaded when such a provider is made. */
const lazily = <Module, Out, E, In>(load: () => Promise<Module>, use: (module: Module) => Layer.Layer<Out, E, In>) =>
  Layer.unwrapEffect(Effect.map(Effect.promise(load), use))
