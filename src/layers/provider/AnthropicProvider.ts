import type { Anthropic } from "@anthropic-ai/sdk"
import * as Arr from "effect/Array"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { ProviderError } from "../../domain/error/ProviderError.js"
import { ConfigurationError } from "../../domain/error/RequestError.js"
import type { JsonRecord } from "../../domain/Json.js"
import type { Message } from "../../domain/Message.js"
import { decodeConfig, layerFromConfig } from "../../services/internal/config.js"
import { defineProvider } from "../../services/Provider.js"
import { ProviderRegistry } from "../../services/ProviderRegistry.js"
import { makeClient } from "./anthropic/client.js"
import { replyStream } from "./anthropic/reply.js"
import { AnthropicSettings, toCount, toRequest } from "./anthropic/request.js"
import { vendorCall, type VendorLimits } from "./internal/sdk/calls.js"

/**
 * Options of `AnthropicProvider`.
 */
export interface AnthropicProviderOptions extends VendorLimits {
  readonly apiKey: Redacted.Redacted
  /** The name that sessions choose it by. Default: `anthropic`. */
  readonly name?: string
  /** Default: `https://api.anthropic.com`. `ANTHROPIC_BASE_URL` is not read. */
  readonly baseUrl?: string
  /** Defaults for the keys of a session's `providerConfig`. */
  readonly defaultConfig?: JsonRecord
}

const limit = Schema.optionalWith(Schema.NonNegativeInt, { nullable: true })

/**
 * A model, as Anthropic describes it.
 */
export const AnthropicModel = Schema.Struct({
  id: Schema.String,
  name: Schema.propertySignature(Schema.String).pipe(Schema.fromKey("display_name")),
  /** `active`, `deprecated` or `retired`. */
  lifecycle: Schema.optional(Schema.String),
  /** Maximum input, in tokens. */
  maxInputTokens: limit.pipe(Schema.fromKey("max_input_tokens")),
  /** Maximum reply, in tokens, thinking included. */
  maxOutputTokens: limit.pipe(Schema.fromKey("max_tokens"))
})
export interface AnthropicModel extends Schema.Schema.Type<typeof AnthropicModel> {}

/**
 * Claude, over Anthropic's Messages API. Needs the package `@anthropic-ai/sdk` 1. Each call sends the whole history, marked for
 * the vendor's prompt cache. Thinking, and other blocks that the vendor signs, become opaque parts and are sent back unchanged.
 *
 * A session's `providerConfig` takes the common keys (default of `maxTokens`: 8,192) and `thinking`, `effort`, `stopSequences`,
 * `cache` and `systemMessages`.
 */
export class AnthropicProvider extends Context.Tag("langswarm-session/layers/provider/AnthropicProvider")<
  AnthropicProvider,
  {
    /** Fails as a call does: with `ProviderRejected` when there is no such model. */
    readonly modelInfo: (model: string) => Effect.Effect<AnthropicModel, ProviderError>

    /**
     * The number of input tokens a call would have, as Anthropic counts them. `config` overrides `defaultConfig`. Fails as a
     * call does, or with a `ConfigurationError` when `config` is invalid.
     */
    readonly countTokens: (input: {
      readonly model: string
      readonly messages: ReadonlyArray<Message>
      readonly config?: JsonRecord
    }) => Effect.Effect<number, ConfigurationError | ProviderError>
  }
>() {
  /**
   * Registers the provider until the scope closes. Fails with a `ConfigurationError` when the name is taken, an option is
   * invalid, or the package `@anthropic-ai/sdk` is not installed.
   */
  static readonly make: (
    options: AnthropicProviderOptions
  ) => Effect.Effect<AnthropicProvider["Type"], ConfigurationError, ProviderRegistry | Scope.Scope> = Effect.fnUntraced(
    function*({ apiKey, baseUrl = "https://api.anthropic.com", defaultConfig = {}, name = "anthropic", ...limits }) {
      const registry = yield* ProviderRegistry
      yield* checkOptions(apiKey, baseUrl)
      yield* decodeDefault(defaultConfig)
      const client = yield* makeClient({ apiKey, baseUrl })

      yield* registry.register(defineProvider({
        name,
        vendor: "anthropic",
        capabilities: {
          conversation: "stateless",
          images: ["image/jpeg", "image/png", "image/gif", "image/webp"],
          files: ["application/pdf", "text/plain"],
          tools: true
        },
        defaultConfig,
        configSchema: AnthropicSettings,
        open: ({ config, model }) =>
          Effect.succeed({
            respond: ({ messages }) => replyStream(name, client, () => toRequest(model, config, messages), limits)
          })
      }))

      const ask = <A, I>(
        answer: Schema.Schema<A, I>,
        call: (client: Anthropic, signal: AbortSignal) => Promise<unknown>
      ): Effect.Effect<A, ProviderError> =>
        vendorCall(name, answer, (signal, fetch) => call(client(fetch), signal), limits)

      return {
        modelInfo: (model) => ask(AnthropicModel, (client, signal) => client.models.retrieve(model, null, { signal })),
        countTokens: ({ config = {}, messages, model }) =>
          Effect.flatMap(decodeProviderConfig({ ...defaultConfig, ...config }), (settings) => {
            const body = toCount(toRequest(model, settings, messages))
            return ask(TokenCount, (client, signal) => client.messages.countTokens(body, { signal }))
          }).pipe(Effect.map(({ input_tokens }) => input_tokens))
      }
    }
  )

  /** `make` as a layer. */
  static readonly layer = (
    options: AnthropicProviderOptions
  ): Layer.Layer<AnthropicProvider, ConfigurationError, ProviderRegistry> =>
    Layer.scoped(AnthropicProvider, AnthropicProvider.make(options))

  /** `layer` with options that are read from `Config`, such as `{ apiKey: Config.redacted("ANTHROPIC_API_KEY") }`. */
  static readonly layerConfig = layerFromConfig(AnthropicProvider.layer)
}

const decodeDefault = decodeConfig(AnthropicSettings, "AnthropicProvider: defaultConfig")
const decodeProviderConfig = decodeConfig(AnthropicSettings, "providerConfig")
const TokenCount = Schema.Struct({ input_tokens: Schema.NonNegativeInt })

/** Reports now what would fail with the first call, and less clearly. */
const checkOptions = (apiKey: Redacted.Redacted, baseUrl: string): Effect.Effect<void, ConfigurationError> => {
  const problems = [
    ...(/^[\x21-\x7e]+$/.test(Redacted.value(apiKey))
      ? []
      : ["\"apiKey\" must be printable ASCII without spaces or line breaks"]),
    ...(/^https?:/.test(baseUrl) && URL.canParse(baseUrl) ? [] : ["\"baseUrl\" must be an http: or https: address"])
  ].map((problem) => `AnthropicProvider: ${problem}`)
  return Arr.isNonEmptyArray(problems) ? new ConfigurationError({ problems }) : Effect.void
}
