import type { Attempt } from "../../../domain/Attempt.js"
import type { ReplyFold } from "../../../services/internal/provider/foldReply.js"
import { finishReason } from "./finishReason.js"
import { responseModel } from "./responseModel.js"

/**
 * What is known of a provider call once it is over. The names are OpenTelemetry's, as in `requestAttributes`.
 */
export const responseAttributes = (
  { cost, provider, requestId, usage }: Attempt,
  fold: ReplyFold,
  vendor: string | undefined
): Readonly<Record<string, unknown>> => {
  const finished = fold.finished()
  const model = responseModel(fold)
  return {
    "gen_ai.provider.name": vendor ?? provider,
    ...(model !== undefined && { "gen_ai.response.model": model }),
    ...(finished?.messageId !== undefined && { "gen_ai.response.id": finished.messageId }),
    ...(finished && { "gen_ai.response.finish_reasons": [finishReason(finished.reason)] }),
    ...(usage && {
      "gen_ai.usage.input_tokens": usage.inputTokens,
      "gen_ai.usage.output_tokens": usage.outputTokens,
      ...(usage.cacheReadTokens !== undefined && { "gen_ai.usage.cache_read.input_tokens": usage.cacheReadTokens }),
      ...(usage.cacheWriteTokens !== undefined &&
        { "gen_ai.usage.cache_creation.input_tokens": usage.cacheWriteTokens }),
      ...(usage.reasoningTokens !== undefined &&
        { "gen_ai.usage.reasoning.output_tokens": usage.reasoningTokens })
    }),
    ...(cost && { "langswarm.cost.nano_usd": cost.nanoUsd, "langswarm.cost.priced_as": cost.pricedAs }),
    ...(requestId !== undefined && { "langswarm.request.id": requestId })
  }
}
