import * as Schema from "effect/Schema"

/**
 * Tokens that a provider reports for one call.
 */
export const TokenUsage = Schema.Struct({
  inputTokens: Schema.NonNegativeInt,
  outputTokens: Schema.NonNegativeInt
})
export interface TokenUsage extends Schema.Schema.Type<typeof TokenUsage> {}
