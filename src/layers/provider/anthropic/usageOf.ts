import * as Predicate from "effect/Predicate"
import type { TokenUsage } from "../../../domain/TokenUsage.js"
import { usageFrom } from "../internal/vendor/usageFrom.js"

/**
 * What a call has used by the vendor's latest counts. Its `input_tokens` are only those that its cache had no part in, so that
 * the whole input is the sum of three.
 */
export const usageOf = (counts: { readonly [name: string]: unknown }): TokenUsage | undefined => {
  const read = counts["cache_read_input_tokens"] ?? undefined
  const written = counts["cache_creation_input_tokens"] ?? undefined
  const details = counts["output_tokens_details"]
  return usageFrom({
    inputTokens: Number(counts["input_tokens"] ?? Number.NaN) + Number(read ?? 0) + Number(written ?? 0),
    outputTokens: counts["output_tokens"],
    cacheReadTokens: read,
    cacheWriteTokens: written,
    reasoningTokens: Predicate.isRecord(details) ? details["thinking_tokens"] : undefined
  })
}
