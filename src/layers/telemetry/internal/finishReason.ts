import type { FinishReason } from "../../../domain/FinishReason.js"

/**
 * OpenTelemetry's word for why a reply ended, where it has one.
 */
export const finishReason = (reason: FinishReason): string => {
  switch (reason) {
    case "complete":
      return "stop"
    case "toolCalls":
      return "tool_call"
    case "refusal":
      return "content_filter"
    case "cut":
      return "error"
    default:
      return reason
  }
}
