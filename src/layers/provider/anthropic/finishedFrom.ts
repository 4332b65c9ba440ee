import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import type { ProviderError } from "../../../domain/error/ProviderError.js"
import { ProviderProtocol } from "../../../domain/error/ProviderProtocol.js"
import { ProviderRejected } from "../../../domain/error/ProviderRejected.js"
import type { FinishReason } from "../../../domain/FinishReason.js"
import { ProviderEvent } from "../../../services/ProviderEvent.js"
import { isIdentifier } from "../internal/vendor/isIdentifier.js"
import { usageOf } from "./usageOf.js"

/** What is known of a reply when it ends. */
interface EndedReply {
  readonly provider: string
  readonly message: { readonly id?: unknown; readonly model?: unknown }
  readonly end: { readonly stop_reason?: string | null | undefined; readonly stop_details?: unknown }
  readonly counts: { readonly [name: string]: unknown }
  /** Whether anything has come of it. */
  readonly hasBegun: boolean
  readonly hasCalled: boolean
  /** What is wrong with a part of it, which was left out. */
  readonly broken: string | undefined
}

/**
 * How a reply ends, or the error that it amounts to.
 */
export const finishedFrom = (
  { broken, counts, end, hasBegun, hasCalled, message, provider }: EndedReply
): Either.Either<ProviderEvent, ProviderError> => {
  const stopReason = end.stop_reason
  if (stopReason === undefined || stopReason === null) {
    return Either.left(new ProviderProtocol({ provider, reason: "it ended without saying why" }))
  }
  if (stopReason === "model_context_window_exceeded" && !hasBegun) {
    return Either.left(new ProviderRejected({ provider, reason: stopReason, overflow: true }))
  }
  const reason = reasonOf(stopReason, hasCalled)
  if (broken !== undefined && reason !== "length" && reason !== "refusal") {
    return Either.left(new ProviderProtocol({ provider, reason: broken }))
  }
  const usage = usageOf(counts)
  const words = {
    model: message.model,
    stopReason,
    serviceTier: counts["service_tier"],
    refusalCategory: Predicate.isRecord(end.stop_details) ? end.stop_details["category"] : undefined
  }
  return Either.right(ProviderEvent.Finished({
    reason,
    ...(usage && { usage }),
    ...(isIdentifier(message.id) && { messageId: message.id }),
    metadata: Object.fromEntries(
      Object.entries(words).flatMap(([name, word]) => (isIdentifier(word) ? [[name, word]] : []))
    )
  }))
}

/** Reasons that may be added later end a reply like any other. */
const reasonOf = (stopReason: string, hasCalled: boolean): Exclude<FinishReason, "cut"> => {
  switch (stopReason) {
    case "max_tokens":
    case "model_context_window_exceeded":
      return "length"
    case "tool_use":
      return hasCalled ? "toolCalls" : "complete"
    case "pause_turn":
      return "paused"
    case "refusal":
      return "refusal"
    default:
      return "complete"
  }
}
