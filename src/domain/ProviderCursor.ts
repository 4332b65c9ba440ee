import * as Schema from "effect/Schema"

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
