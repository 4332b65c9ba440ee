import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { TokenUsage } from "../../../../domain/TokenUsage.js"

const decode = Schema.decodeUnknownEither(TokenUsage)

/**
 * What a vendor says it has counted, or nothing: a count that is missing, negative or more than its whole is not known.
 */
export const usageFrom = (counted: { readonly [Field in keyof TokenUsage]: unknown }): TokenUsage | undefined => {
  const present = Object.fromEntries(
    Object.entries(counted).filter(([, count]) => count !== undefined && count !== null)
  )
  const usage = Either.getOrUndefined(decode(present))
  if (usage === undefined) return undefined
  const { cacheReadTokens = 0, cacheWriteTokens = 0, inputTokens, outputTokens, reasoningTokens = 0 } = usage
  return cacheReadTokens + cacheWriteTokens <= inputTokens && reasoningTokens <= outputTokens ? usage : undefined
}
