import * as Effect from "effect/Effect"
import type { Attempt } from "../../../domain/Attempt.js"
import type { ReplyFold } from "../../../services/internal/provider/foldReply.js"
import { measure } from "./measure.js"
import { meters } from "./meters.js"
import { responseModel } from "./responseModel.js"

/**
 * Counts what a provider call has used, cost and taken.
 */
export const measureCall = (
  { cost, durationMs, error, model, provider, usage }: Attempt,
  fold: ReplyFold,
  vendor: string | undefined
): Effect.Effect<void> => {
  const tags = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": vendor ?? provider,
    "gen_ai.request.model": model,
    "gen_ai.response.model": responseModel(fold)
  }
  const counts = [
    ...(durationMs === undefined ? [] : [
      measure(meters.callDuration, durationMs / 1e3, { ...tags, "error.type": error?.code })
    ]),
    ...(usage === undefined ? [] : [
      measure(meters.tokens, usage.inputTokens, { ...tags, "gen_ai.token.type": "input" }),
      measure(meters.tokens, usage.outputTokens, { ...tags, "gen_ai.token.type": "output" }),
      cost === undefined
        ? measure(meters.unpricedCalls, 1, tags)
        : measure(meters.cost, cost.nanoUsd / 1e9, tags)
    ])
  ]
  return Effect.all(counts, { discard: true })
}
