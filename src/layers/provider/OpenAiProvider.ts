import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { ProviderError } from "../../domain/error/ProviderError.js"
import type { ConfigurationError } from "../../domain/error/RequestError.js"
import type { JsonRecord } from "../../domain/Json.js"
import type { Message } from "../../domain/Message.js"
import { decodeConfig, layerFromConfig } from "../../services/internal/config.js"
import { defineProvider } from "../../services/Provider.js"
import { ProviderRegistry } from "../../services/ProviderRegistry.js"
import type { VendorLimits } from "./internal/sdk/calls.js"
import { ignoreNotFound, makeClient } from "./openai/client.js"
import { isConversation } from "./openai/conversationMode.js"
import type { Conversations } from "./openai/conversations.js"
import { makeConversations } from "./openai/makeConversations.js"
import { OpenAiSettings, toPrompt } from "./openai/request.js"
import { type OpenAiShared, openSession } from "./openai/session.js"

/**
 * Options of `OpenAiProvider`.
 */
export interface OpenAiProviderOptions extends VendorLimits {
  readonly apiKey: Redacted.Redacted
  /** The name that sessions choose it by. Default: `openai`. */
  readonly name?: string
  /** Whose prices apply to its calls. Default: `openai`. */
  readonly vendor?: string
  /** Default: `https://api.openai.com/v1`. `OPENAI_BASE_URL` is not read. */
  readonly baseUrl?: string
  /**
   * What the vendor holds of a session. `conversations`: a conversation, or a chain of responses if the server has no
   * conversations. `responses`: a chain of responses. `stateless`: nothing; each call sends the history. Default:
   * `conversations`.
   */
  readonly conversation?: "conversations" | "responses" | "stateless"
  /** Defaults for the keys of a session's `providerConfig`. */
  readonly defaultConfig?: JsonRecord
}

/**
 * A model, as OpenAI describes it.
 */
export interface OpenAiModel {
  readonly id: string
  readonly createdAt: DateTime.Utc
  readonly ownedBy: string
}

/**
 * OpenAI's models, over its Responses API. Needs the package `openai` 6. OpenAI may hold the conversation too; when its copy is
 * gone, the history is sent to a new one.
 *
 * A session's `providerConfig` takes the common keys and `temperature`, `topP`, `reasoningEffort`, `reasoningSummary`,
 * `verbosity`, `parallelToolCalls` and `serviceTier`. The service gives access to the conversations that OpenAI holds; a
 * session's cursor is the id of its own, `conv_...`.
 */
export class OpenAiProvider extends Context.Tag("langswarm-session/layers/provider/OpenAiProvider")<
  OpenAiProvider,
  Conversations & {
    /** Fails as a call does: with `ProviderRejected` when there is no such model. */
    readonly modelInfo: (model: string) => Effect.Effect<OpenAiModel, ProviderError>

    /**
     * The number of input tokens a call would have, as OpenAI counts them. Fails as a call does, or with a
     * `ConfigurationError` when `config` is invalid.
     */
    readonly countTokens: (prompt: {
      readonly model: string
      readonly messages: ReadonlyArray<Message>
      /** Overrides `defaultConfig`, like a session's `providerConfig`. */
      readonly config?: JsonRecord
    }) => Effect.Effect<number, ConfigurationError | ProviderError>
  }
>() {
  /**
   * Registers the provider until the scope closes. Fails with a `ConfigurationError` when the name is taken, an option is
   * invalid, or the package `openai` is not installed.
   */
  static readonly make: (
    options: OpenAiProviderOptions
  ) => Effect.Effect<OpenAiProvider["Type"], ConfigurationError, ProviderRegistry | Scope.Scope> = Effect.fnUntraced(
    function*(
      {
        apiKey,
        baseUrl = "https://api.openai.com/v1",
        conversation: mode = "conversations",
        defaultConfig = {},
        name = "openai",
        vendor = "openai",
        ...limits
      }
    ) {
      const registry = yield* ProviderRegistry
      yield* checkOptions({ apiKey: Redacted.value(apiKey), baseUrl })
      yield* checkDefaults(defaultConfig)

      const client = yield* makeClient({ name, apiKey, baseUrl, ...limits })
      const conversations = makeConversations(client)
      const shared: OpenAiShared = {
        client,
        conversations,
        mode,
        withoutReasoning: new Set(),
        hasNoConversations: false
      }

      yield* registry.register(defineProvider({
        name,
        vendor,
        capabilities: {
          conversation: mode === "stateless" ? "stateless" : "cursor",
          images: imageTypes,
          files: fileTypes,
          tools: true
        },
        defaultConfig,
        configSchema: OpenAiSettings,
        open: (options) => openSession(shared, options),
        forget: (cursor) =>
          isConversation(cursor)
            ? conversations.remove(cursor)
            : ignoreNotFound(client.call(Schema.Unknown, (sdk, signal) => sdk.responses.delete(cursor, { signal })))
      }))

      return {
        ...conversations,
        modelInfo: (model) =>
          Effect.map(
            client.call(WireModel, (sdk, signal) => sdk.models.retrieve(model, { signal })),
            ({ created, id, owned_by: ownedBy }) => ({ id, ownedBy, createdAt: DateTime.unsafeMake(created * 1000) })
          ),
        countTokens: ({ config = {}, messages, model }) =>
          Effect.gen(function*() {
            const settings = yield* checkConfig({ ...defaultConfig, ...config })
            const { input_tokens: count } = yield* client.call(
              WireCount,
              (sdk, signal) => sdk.responses.inputTokens.count(toPrompt(model, messages, settings), { signal })
            )
            return count
          })
      }
    }
  )

  /** `make` as a layer. */
  static readonly layer = (
    options: OpenAiProviderOptions
  ): Layer.Layer<OpenAiProvider, ConfigurationError, ProviderRegistry> =>
    Layer.scoped(OpenAiProvider, OpenAiProvider.make(options))

  /** `layer` with options that are read from `Config`, such as `{ apiKey: Config.redacted("OPENAI_API_KEY") }`. */
  static readonly layerConfig = layerFromConfig(OpenAiProvider.layer)
}

/** https://developers.openai.com/api/docs/guides/images-vision */
const imageTypes = ["image/png", "image/jpeg", "image/webp", "image/gif"]

/** https://developers.openai.com/api/docs/guides/file-inputs */
const fileTypes = [
  "application/pdf",
  "text/*",
  "application/json",
  "application/xml",
  "application/rtf",
  "application/msword",
  "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
  "application/vnd.oasis.opendocument.text",
  "application/vnd.ms-powerpoint",
  "application/vnd.openxmlformats-officedocument.presentationml.presentation",
  "application/vnd.ms-excel",
  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
]

const WireModel = Schema.Struct({
  id: Schema.String,
  created: Schema.NonNegative.pipe(Schema.lessThanOrEqualTo(1e11)),
  owned_by: Schema.String
})
const WireCount = Schema.Struct({ input_tokens: Schema.NonNegativeInt })

/** Characters allowed in a header. A key read from a file often ends with a line break. */
const key = Schema.String.pipe(Schema.pattern(/^[\x21-\x7e]+$/, { description: "a key without spaces or line breaks" }))
const address = Schema.String.pipe(
  Schema.pattern(/^https?:\/\/[^\s/]\S*$/, { description: "an http: or https: address" })
)

const checkOptions = decodeConfig(Schema.Struct({ apiKey: key, baseUrl: address }), "OpenAiProvider")
const checkDefaults = decodeConfig(OpenAiSettings, "OpenAiProvider: defaultConfig")
const checkConfig = decodeConfig(OpenAiSettings, "config")
