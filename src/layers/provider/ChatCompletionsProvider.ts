import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as Struct from "effect/Struct"
import type { OpenAI } from "openai"
import { ConfigurationError } from "../../domain/error/RequestError.js"
import type { JsonRecord } from "../../domain/Json.js"
import type { ProviderCapabilities } from "../../domain/Provider.js"
import { defineProvider, type Provider, ProviderEvent } from "../../services/Provider.js"
import { ProviderRegistry } from "../../services/ProviderRegistry.js"
import { replyStream } from "./chatCompletions/reply.js"
import { ChatSettings, requestBody, toMessages } from "./chatCompletions/request.js"
import type { VendorLimits } from "./internal/sdk/calls.js"

/**
 * Of the limits, `maxLineBytes` is 1 MiB unless told.
 */
export interface ChatCompletionsProviderOptions extends VendorLimits {
  /** The name sessions choose it by; `chat` unless told. Each gateway needs its own. */
  readonly name?: string
  /** What stands before `/chat/completions`: `http://localhost:11434/v1`. */
  readonly baseUrl: string
  /** Sent as a bearer token. Without one there is no such header: gateways on one's own machine need none. */
  readonly apiKey?: Redacted.Redacted
  /** Whose prices its models have, such as `mistral`. Unless told they are looked up by the model alone. */
  readonly vendor?: string
  /** Gateways differ: images of all types, tools, and no files unless told. */
  readonly capabilities?: Partial<Omit<ProviderCapabilities, "conversation">>
  /** What a session's `providerConfig` is laid over. */
  readonly defaultConfig?: JsonRecord
}

/** No image comes in a reply. */
const maxLineBytes = 1024 * 1024

/**
 * A provider over any service that speaks OpenAI's chat completions. The whole history goes with each call. Fails when
 * `baseUrl` or `defaultConfig` cannot work.
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

    const client = yield* clientsFor(baseUrl, apiKey)
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
            const body = requestBody(model, messages, settings)
            const reply = replyStream(
              name,
              { maxLineBytes, ...limits },
              (signal, fetch) => client(fetch).chat.completions.create(body, { signal })
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
 * Registers it. Fails also when its name is taken.
 */
export const layer = (
  options: ChatCompletionsProviderOptions
): Layer.Layer<never, ConfigurationError, ProviderRegistry> =>
  Layer.scopedDiscard(Effect.gen(function*() {
    const registry = yield* ProviderRegistry
    yield* registry.register(yield* make(options))
  }))

const isBaseUrl = (url: string): boolean => {
  if (!URL.canParse(url)) return false
  const { password, protocol, search, username } = new URL(url)
  return /^https?:$/.test(protocol) && `${username}${password}${search}` === ""
}

/**
 * What the SDK is not given, it looks for in the environment; and it demands a key. Whoever asks no such server does not load
 * it, which takes a tenth of a second.
 */
const clientsFor = (
  baseURL: string,
  apiKey: Redacted.Redacted | undefined
): Effect.Effect<(fetch: typeof globalThis.fetch) => OpenAI> =>
  Effect.map(Effect.promise(() => import("openai")), ({ OpenAI }) => (fetch) =>
    new OpenAI({
      baseURL,
      apiKey: apiKey ? Redacted.value(apiKey) : "none",
      ...(!apiKey && { defaultHeaders: { Authorization: null } }),
      adminAPIKey: null,
      organization: null,
      project: null,
      webhookSecret: null,
      maxRetries: 0,
      logLevel: "off",
      fetch
    }))
