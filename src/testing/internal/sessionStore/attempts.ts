import type { Attempt } from "../../../domain/Attempt.js"
import { ProviderTransient } from "../../../domain/error/ProviderTransient.js"
import { at } from "./samples.js"

/** A turn that was answered at the second attempt, by somebody else. */

export const target = { provider: "other", model: "other \"model\"" }

export const failedAttempt: Attempt = {
  provider: "mock",
  model: "mock-model",
  startedAt: at(2),
  durationMs: 12.5,
  error: new ProviderTransient({
    provider: "mock",
    reason: "overloaded",
    retryAfterMs: 1500.5,
    context: { status: 529, requestId: "req-1" }
  })
}

export const answeredAttempt: Attempt = {
  ...target,
  startedAt: at(2.001),
  durationMs: 0,
  requestId: "req-2",
  usage: { inputTokens: 30, outputTokens: 20, cacheReadTokens: 10, cacheWriteTokens: 5, reasoningTokens: 1 },
  cost: { nanoUsd: 1_234_567_890_123, pricedAs: "other/model" }
}
