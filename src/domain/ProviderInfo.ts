import * as Schema from "effect/Schema"
import { JsonRecord } from "./JsonRecord.js"

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
