import * as Schema from "effect/Schema"
import { ShortText } from "./Input.js"
import { JsonRecord } from "./Json.js"

/**
 * A provider's own copy of a session's conversation: an accelerator, which may expire. The history is the truth.
 */
export const ProviderCursor = Schema.Struct({
  provider: Schema.String,
  /** The provider's name of it, such as the id of an OpenAI conversation. */
  value: Schema.String.pipe(Schema.maxLength(512)),
  /** `seq` of the last message that it knows. */
  seq: Schema.NonNegativeInt
})
export interface ProviderCursor extends Schema.Schema.Type<typeof ProviderCursor> {}

/**
 * What a provider can do.
 */
export const ProviderCapabilities = Schema.Struct({
  /**
   * `stateless`: the history is sent with each call. `cursor`: the provider holds the conversation too, and its copy may
   * expire; the history is the truth.
   */
  conversation: Schema.Literal("stateless", "cursor"),
  /** The media types of images that it takes: `image/png`, `image/*`. */
  images: Schema.Array(Schema.String),
  /** The media types of files that it takes. */
  files: Schema.Array(Schema.String),
  tools: Schema.Boolean
})
export interface ProviderCapabilities extends Schema.Schema.Type<typeof ProviderCapabilities> {}

/**
 * What is known of a registered provider.
 */
export const ProviderInfo = Schema.Struct({
  name: Schema.String,
  capabilities: ProviderCapabilities,
  /** What a session's `providerConfig` is laid over. */
  defaultConfig: JsonRecord,
  /** What `providerConfig` may hold, as a JSON Schema. Absent when the provider does not say. */
  configSchema: Schema.optionalWith(JsonRecord, { exact: true })
})
export interface ProviderInfo extends Schema.Schema.Type<typeof ProviderInfo> {}

/**
 * A registered provider's name.
 */
export const ProviderName = ShortText(64).pipe(Schema.nonEmptyString())
export const ModelName = ShortText(128).pipe(Schema.nonEmptyString())

/**
 * Whom to ask.
 */
export const ProviderTarget = Schema.Struct({
  provider: ProviderName,
  model: ModelName,
  /** Laid over the session's own `providerConfig`, key by key. */
  providerConfig: Schema.optionalWith(JsonRecord, { exact: true })
})
export interface ProviderTarget extends Schema.Schema.Type<typeof ProviderTarget> {}
