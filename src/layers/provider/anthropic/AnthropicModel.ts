import * as Schema from "effect/Schema"

const limit = Schema.optionalWith(Schema.NonNegativeInt, { nullable: true })

/**
 * What the vendor says of a model.
 */
export const AnthropicModel = Schema.Struct({
  id: Schema.String,
  name: Schema.propertySignature(Schema.String).pipe(Schema.fromKey("display_name")),
  /** `active`, `deprecated` or `retired`. */
  lifecycle: Schema.optional(Schema.String),
  /** How much it can read. */
  maxInputTokens: limit.pipe(Schema.fromKey("max_input_tokens")),
  /** The longest reply, thinking included. */
  maxOutputTokens: limit.pipe(Schema.fromKey("max_tokens"))
})
export interface AnthropicModel extends Schema.Schema.Type<typeof AnthropicModel> {}
