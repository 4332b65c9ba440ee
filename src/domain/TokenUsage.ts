import * as Schema from "effect/Schema"

const count = Schema.NonNegativeInt
const part = Schema.optionalWith(count, { exact: true })

/**
 * Tokens that a provider reports for one call, counted the same for all vendors: the parts are included in the totals.
 */
export const TokenUsage = Schema.Struct({
  /** All of the input, cached or not. */
  inputTokens: count,
  outputTokens: count,
  /** Of the input: read from the provider's cache. */
  cacheReadTokens: part,
  /** Of the input: written to the provider's cache. */
  cacheWriteTokens: part,
  /** Of the output: spent on thinking. */
  reasoningTokens: part
})
export interface TokenUsage extends Schema.Schema.Type<typeof TokenUsage> {}
