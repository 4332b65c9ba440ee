import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { DurationFromInput } from "../../domain/DurationFromInput.js"
import { JsonRecord } from "../../domain/JsonRecord.js"
import { ProviderCapabilities } from "../../domain/ProviderInfo.js"
import { ProviderName } from "../../domain/ProviderTarget.js"
import { defineProviderKind } from "../defineProviderKind.js"
import { MockSettings } from "../provider/mock/MockSettings.js"
import { MockProvider } from "../provider/MockProvider.js"
import { SecretFromInput } from "./SecretFromInput.js"

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
      loaded(() => import("../provider/OpenAiProvider.js"), ({ OpenAiProvider }) => OpenAiProvider.layer(options))
  }),
  defineProviderKind({
    name: "anthropic",
    config: AnthropicConfig,
    make: (options) =>
      loaded(
        () => import("../provider/AnthropicProvider.js"),
        ({ AnthropicProvider }) => AnthropicProvider.layer(options)
      )
  }),
  defineProviderKind({
    name: "chatCompletions",
    config: ChatCompletionsConfig,
    make: (options) => loaded(() => import("../provider/ChatCompletionsProvider.js"), ({ layer }) => layer(options))
  }),
  defineProviderKind({ name: "mock", config: MockConfig, make: MockProvider.layer })
]
