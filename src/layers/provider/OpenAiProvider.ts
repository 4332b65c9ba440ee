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
import { decodeConfig } from "../../services/internal/config.js"
import { defineProvider } from "../../services/Provider.js"
import { ProviderRegistry } from "../../services/ProviderRegistry.js"
import type { VendorLimits } from "./internal/sdk/calls.js"
import { goneIsDone, makeClient, OpenAiSettings } from "./openai/client.js"
import { type Conversations, isConversation, makeConversations } from "./openai/conversations.js"
import { toPrompt } from "./openai/request.js"
import { type OpenAiShared, openSession } from "./openai/session.js"

export interface OpenAiProviderOptions extends VendorLimits {
  readonly apiKey: Redacted.Redacted
  /** The name sessions choose it by; `openai` unless told. */
  readonly name?: string
  /** Whose prices its calls have; `openai` unless told. */
  readonly vendor?: string
  /** Of another server that speaks the same. `https://api.openai.com/v1` unless told; no environment variable counts. */
  readonly baseUrl?: string
  /**
   * What the vendor holds of a session. `conversations`: a conversation, or where the server has none, the chain of its
   * responses. `responses`: that chain. `stateless`: nothing, and the history is sent with each call. `conversations` unless told.
   */
  readonly conversation?: "conversations" | "responses" | "stateless"
  /** What a session's `providerConfig` is laid over. */
  readonly defaultConfig?: JsonRecord
}

/**
 * What the vendor says of a model.
 */
export interface OpenAiModel {
  readonly id: string
  readonly createdAt: DateTime.Utc
  readonly ownedBy: string
}

/**
 * Models of OpenAI, through its Responses API. The vendor may hold the conversation too; when its copy is gone, the history is
 * sent to a new one.
 *
 * The service reaches the vendor's copies, which `Finished.cursor` names `conv_...`. The runs of a conversation are the turns of
 * its session.
 */
export class OpenAiProvider extends Context.Tag("langswarm-session/layers/provider/OpenAiProvider")<
  OpenAiProvider,
  Conversations & {
    /** Fails with `ProviderRejected` when there is no such model. */
    readonly modelInfo: (model: string) => Effect.Effect<OpenAiModel, ProviderError>

    /** The tokens that a call would have as its input, counted by the vendor. */
    readonly countTokens: (prompt: {
      readonly model: string
      readonly messages: ReadonlyArray<Message>
      /** Laid over `defaultConfig`, as a session's `providerConfig` is. */
      readonly config?: JsonRecord
    }) => Effect.Effect<number, ConfigurationError | ProviderError>
  }
>() {
  /** Registers the provider until the scope closes. Fails when its name is taken or an option is wrong. */
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
      const house: OpenAiShared = {
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
        open: (options) => openSession(house, options),
        forget: (cursor) =>
          isConversation(cursor)
            ? conversations.remove(cursor)
            : goneIsDone(client.call(Schema.Unknown, (sdk, signal) => sdk.responses.delete(cursor, { signal })))
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

  static readonly layer = (
    options: OpenAiProviderOptions
  ): Layer.Layer<OpenAiProvider, ConfigurationError, ProviderRegistry> =>
    Layer.scoped(OpenAiProvider, OpenAiProvider.make(options))
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

/** What may stand in a header: a line break at the end of a key is often left there by a file. */
const key = Schema.String.pipe(Schema.pattern(/^[\x21-\x7e]+$/, { description: "a key without blanks or line breaks" }))
const address = Schema.String.pipe(
  Schema.pattern(/^https?:\/\/[^\s/]\S*$/, { description: "an http: or https: address" })
)

const checkOptions = decodeConfig(Schema.Struct({ apiKey: key, baseUrl: address }), "OpenAiProvider")
const checkDefaults = decodeConfig(OpenAiSettings, "OpenAiProvider: defaultConfig")
const checkConfig = decodeConfig(OpenAiSettings, "config")
