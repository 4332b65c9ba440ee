import type * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import type { ProviderError } from "../../../domain/error/ProviderError.js"
import type { InvalidRequest } from "../../../domain/error/RequestError.js"
import { reservedKeys } from "../../../domain/Json.js"

/**
 * The conversations that OpenAI holds. Every operation fails with a `ProviderError` as a call does.
 */
export interface Conversations {
  /** Creates an empty conversation and returns its id. Fails with `InvalidRequest` when the metadata is too large. */
  readonly create: (metadata?: ConversationMetadata) => Effect.Effect<string, InvalidRequest | ProviderError>

  /** All items, oldest first. */
  readonly items: (id: string) => Stream.Stream<ConversationItem, ProviderError>

  /**
   * Merges into the metadata and returns the result. The vendor replaces all of it, so this reads first: of two updates at the
   * same time, one is lost. Fails with `InvalidRequest` when the metadata, or the result, is too large.
   */
  readonly updateMetadata: (
    id: string,
    metadata: ConversationMetadata
  ) => Effect.Effect<ConversationMetadata, InvalidRequest | ProviderError>

  /**
   * Removes a conversation and its items, which the vendor would keep. Also succeeds when it no longer exists. Responses made in it
   * stay with the vendor until they expire.
   */
  readonly remove: (id: string) => Effect.Effect<void, ProviderError>
}

/**
 * One entry of a conversation that OpenAI holds. `Message`: text, by a role in the vendor's words. `Other`: anything else, with
 * the vendor's type, such as `function_call` or `reasoning`.
 */
export type ConversationItem = Data.TaggedEnum<{
  Message: { readonly id: string; readonly role: string; readonly text: string }
  Other: { readonly id: string; readonly type: string }
}>

const maxKeys = 16
const maxKeyLength = 64
const maxValueLength = 512

const isKey = (key: string): boolean => key.length > 0 && key.length <= maxKeyLength && !reservedKeys.has(key)

/**
 * Metadata of a conversation: up to 16 strings of up to 512 characters, under keys of up to 64.
 */
// A record whose keys have a schema of their own drops keys that do not fit, instead of failing.
export const ConversationMetadata = Schema.Record({
  key: Schema.String,
  value: Schema.String.pipe(Schema.maxLength(maxValueLength))
}).pipe(
  Schema.filter((metadata) => {
    const keys = Object.keys(metadata)
    if (keys.length > maxKeys) return `must have at most ${maxKeys} keys`
    return keys.every(isKey) || `must have keys of 1 to ${maxKeyLength} characters that are not reserved by JavaScript`
  })
)
export type ConversationMetadata = typeof ConversationMetadata.Type
