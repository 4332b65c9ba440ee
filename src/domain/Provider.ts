import * as Schema from "effect/Schema"
import { ShortText } from "./Input.js"
import { JsonRecord } from "./Json.js"

/**
 * A provider's own copy of a conversation. It only saves work and may expire; the history is authoritative.
 */
export const ProviderCursor = Schema.Struct({
  provider: Schema.String,
  /** The provider's id of the copy, such as that of an OpenAI conversation. */
  value: Schema.String.pipe(Schema.maxLength(512)),
  /** `seq` of the last message in the copy. */
  seq: Schema.NonNegativeInt
})
export interface ProviderCursor extends Schema.Schema.Type<typeof ProviderCursor> {}

/**
 * What a provider supports.
 */
export const ProviderCapabilities = Schema.Struct({
  /**
   * `stateless`: the history is sent with each call. `cursor`: the provider keeps a copy of the conversation, which may expire.
   */
  conversation: Schema.Literal("stateless", "cursor"),
  /** Media types of accepted images, such as `image/png` or `image/*`. */
  images: Schema.Array(Schema.String),
  /** Media types of accepted files. */
  files: Schema.Array(Schema.String),
  tools: Schema.Boolean
})
export interface ProviderCapabilities extends Schema.Schema.Type<typeof ProviderCapabilities> {}

/**
 * A registered provider.
 */
export const ProviderInfo = Schema.Struct({
  name: Schema.String,
  capabilities: ProviderCapabilities,
  /** Defaults that a session's `providerConfig` is merged into. */
  defaultConfig: JsonRecord,
  /** JSON Schema of `providerConfig`. Absent when the provider has none. */
  configSchema: Schema.optionalWith(JsonRecord, { exact: true })
})
export interface ProviderInfo extends Schema.Schema.Type<typeof ProviderInfo> {}

/**
 * Name of a registered provider: 1 to 64 characters.
 */
export const ProviderName = ShortText(64).pipe(Schema.nonEmptyString())

/**
 * Name of a model: 1 to 128 characters.
 */
export const ModelName = ShortText(128).pipe(Schema.nonEmptyString())

/**
 * A provider and a model to call.
 */
export const ProviderTarget = Schema.Struct({
  provider: ProviderName,
  model: ModelName,
  /** Merged into the session's own `providerConfig`, key by key. */
  providerConfig: Schema.optionalWith(JsonRecord, { exact: true })
})
export interface ProviderTarget extends Schema.Schema.Type<typeof ProviderTarget> {}
