import * as Predicate from "effect/Predicate"
import type { TokenUsage } from "../../../domain/TokenUsage.js"
import { usageFrom } from "../internal/vendor/usageFrom.js"

/** The vendor counts the cached input as input, and the thinking as output, as we do. */
export const usageOf = (usage: unknown): TokenUsage | undefined => {
  if (!Predicate.isRecord(usage)) return undefined
  const input = detailsOf(usage["input_tokens_details"])
  const output = detailsOf(usage["output_tokens_details"])
  return usageFrom({
    inputTokens: usage["input_tokens"],
    outputTokens: usage["output_tokens"],
    cacheReadTokens: input["cached_tokens"],
    cacheWriteTokens: input["cache_write_tokens"],
    reasoningTokens: output["reasoning_tokens"]
  })
}

const detailsOf = (details: unknown) => Predicate.isRecord(details) ? details : {}
