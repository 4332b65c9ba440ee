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
import { decodeConfig } from "../../services/internal/config.js"
import { defineProvider } from "../../services/Provider.js"
import { ProviderRegistry } from "../../services/ProviderRegistry.js"
import { AnthropicModel, AnthropicSettings, makeClient } from "./anthropic/client.js"
import { replyStream } from "./anthropic/reply.js"
import { toCount, toRequest } from "./anthropic/request.js"
import { vendorCall, type VendorLimits } from "./internal/sdk/calls.js"

export interface AnthropicProviderOptions extends VendorLimits {
  readonly apiKey: Redacted.Redacted
  /** The name sessions choose it by; `anthropic` unless told. */
  readonly name?: string
  /** `https://api.anthropic.com` unless told. */
  readonly baseUrl?: string
  /** What a session's `providerConfig` is laid over. */
  readonly defaultConfig?: JsonRecord
}

/**
 * Claude, over Anthropic's Messages API. It keeps no conversation: the history is sent with each call, marked so that the
 * vendor's cache knows what it has read before. Thinking, and whatever else the vendor signs, comes as opaque parts and goes
 * back as it came.
 *
 * A session's `providerConfig` may hold what `AnthropicSettings` names; `maxTokens` is 8,192 unless told. Fails with a
 * `ConfigurationError` when an option is wrong or the name is taken. It makes one call for each request and tries none again.
 */
export class AnthropicProvider extends Context.Tag("langswarm-session/layers/provider/AnthropicProvider")<
  AnthropicProvider,
  {
    /** What the vendor says of a model. Fails as a call does; `ProviderRejected` when there is none of this name. */
    readonly modelInfo: (model: string) => Effect.Effect<AnthropicModel, ProviderError>

    /**
     * How many tokens a call would send, by the vendor's count. `config` is laid over `defaultConfig`. Fails as a call does, or
     * with a `ConfigurationError` that names what is wrong in `config`.
     */
    readonly countTokens: (input: {
      readonly model: string
      readonly messages: ReadonlyArray<Message>
      readonly config?: JsonRecord
    }) => Effect.Effect<number, ConfigurationError | ProviderError>
  }
>() {
  /** Registers it until the scope closes. */
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

  static readonly layer = (
    options: AnthropicProviderOptions
  ): Layer.Layer<AnthropicProvider, ConfigurationError, ProviderRegistry> =>
    Layer.scoped(AnthropicProvider, AnthropicProvider.make(options))
}

const decodeDefault = decodeConfig(AnthropicSettings, "AnthropicProvider: defaultConfig")
const decodeProviderConfig = decodeConfig(AnthropicSettings, "providerConfig")
const TokenCount = Schema.Struct({ input_tokens: Schema.NonNegativeInt })

/** What would only fail with the first call, and then in other words. */
const checkOptions = (apiKey: Redacted.Redacted, baseUrl: string): Effect.Effect<void, ConfigurationError> => {
  const problems = [
    ...(/^[\x21-\x7e]+$/.test(Redacted.value(apiKey))
      ? []
      : ["\"apiKey\" must be printable ASCII without blank space"]),
    ...(/^https?:/.test(baseUrl) && URL.canParse(baseUrl) ? [] : ["\"baseUrl\" must be an http: or https: address"])
  ].map((problem) => `AnthropicProvider: ${problem}`)
  return Arr.isNonEmptyArray(problems) ? new ConfigurationError({ problems }) : Effect.void
}
