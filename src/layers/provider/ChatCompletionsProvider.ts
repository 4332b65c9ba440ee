import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as Struct from "effect/Struct"
import { ConfigurationError } from "../../domain/error/RequestError.js"
import type { JsonRecord } from "../../domain/Json.js"
import type { ProviderCapabilities } from "../../domain/Provider.js"
import { layerFromConfig } from "../../services/internal/config.js"
import { defineProvider, type Provider, ProviderEvent } from "../../services/Provider.js"
import { ProviderRegistry } from "../../services/ProviderRegistry.js"
import { replyStream } from "./chatCompletions/reply.js"
import { ChatSettings, toBody, toMessages } from "./chatCompletions/request.js"
import type { VendorLimits } from "./internal/sdk/calls.js"
import { makeOpenAiSdk } from "./internal/sdk/openai.js"

/**
 * Options of `ChatCompletionsProvider`. The default of `maxLineBytes` is 1 MiB here.
 */
export interface ChatCompletionsProviderOptions extends VendorLimits {
  /** The name that sessions choose it by. Each gateway needs its own. Default: `chat`. */
  readonly name?: string
  /** The address before `/chat/completions`, such as `http://localhost:11434/v1`. */
  readonly baseUrl: string
  /** Sent as a bearer token. Without one, no `Authorization` header is sent: local gateways need none. */
  readonly apiKey?: Redacted.Redacted
  /** Whose prices apply to its calls, such as `mistral`. Default: looked up by the model alone. */
  readonly vendor?: string
  /** What this gateway accepts. Default: images of all types, tools, no files. */
  readonly capabilities?: Partial<Omit<ProviderCapabilities, "conversation">>
  /** Defaults for the keys of a session's `providerConfig`. */
  readonly defaultConfig?: JsonRecord
}

/**
 * A provider for any server of OpenAI's chat completions API. Needs the package `openai` 6. Each call sends the whole history.
 * Fails with a `ConfigurationError` when `baseUrl` or `defaultConfig` is invalid or the package is not installed.
 */
export const make = (
  { apiKey, baseUrl, capabilities, defaultConfig, name = "chat", vendor, ...limits }: ChatCompletionsProviderOptions
): Effect.Effect<Provider, ConfigurationError> =>
  Effect.gen(function*() {
    if (!isBaseUrl(baseUrl)) {
      return yield* new ConfigurationError({
        problems: [`${name}: "baseUrl" must be an http: or https: address, without a query and without credentials`]
      })
    }
    const can: ProviderCapabilities = {
      images: ["image/*"],
      files: [],
      tools: true,
      ...capabilities,
      conversation: "stateless"
    }

    const sdkWith = yield* makeOpenAiSdk("ChatCompletionsProvider", { apiKey, baseUrl })
    const provider = defineProvider({
      name,
      capabilities: can,
      ...(vendor !== undefined && { vendor }),
      ...(defaultConfig && { defaultConfig }),
      configSchema: ChatSettings,
      open: ({ config, model }) => {
        const settings = can.tools ? config : Struct.omit(config, "tools", "toolChoice")
        return Effect.succeed({
          respond: (request) => {
            const { messages, omitted } = toMessages(settings.system, request.messages)
            const body = toBody(model, messages, settings)
            const reply = replyStream(
              name,
              { maxLineBytes, ...limits },
              (signal, fetch) => sdkWith(fetch).chat.completions.create(body, { signal })
            )
            return omitted.length === 0 ? reply : Stream.concat(
              Stream.succeed(
                ProviderEvent.Notice({ notice: { _tag: "PartsOmitted", provider: name, model, kinds: omitted } })
              ),
              reply
            )
          }
        })
      }
    })
    yield* provider.checkConfig?.(defaultConfig ?? {}) ?? Effect.void
    return provider
  })

/**
 * Registers the provider that `make` makes. Fails as `make` does, and when the name is taken.
 */
export const layer = (
  options: ChatCompletionsProviderOptions
): Layer.Layer<never, ConfigurationError, ProviderRegistry> =>
  Layer.scopedDiscard(Effect.gen(function*() {
    const registry = yield* ProviderRegistry
    yield* registry.register(yield* make(options))
  }))

/**
 * `layer` with options that are read from `Config`, such as `{ baseUrl: Config.string("GATEWAY_URL") }`.
 */
export const layerConfig = layerFromConfig(layer)

/** Replies hold no images. */
const maxLineBytes = 1024 * 1024

const isBaseUrl = (url: string): boolean => {
  if (!URL.canParse(url)) return false
  const { password, protocol, search, username } = new URL(url)
  return /^https?:$/.test(protocol) && `${username}${password}${search}` === ""
}
