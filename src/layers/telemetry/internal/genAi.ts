import * as Predicate from "effect/Predicate"
import type { FinishReason, Message, Part } from "../../../domain/Message.js"
import type { Attempt } from "../../../domain/Turn.js"
import type { ReplyFold } from "../../../services/internal/calls/foldReply.js"
import type { Target } from "../../../services/internal/calls/targets.js"
import type { ProviderRequest } from "../../../services/Provider.js"

/** The settings of a session that have a name in OpenTelemetry. */
const parameters = [
  ["maxTokens", "gen_ai.request.max_tokens"],
  ["temperature", "gen_ai.request.temperature"],
  ["topP", "gen_ai.request.top_p"]
] as const

/**
 * Span attributes of a provider call when it starts. Names are OpenTelemetry's where it has one:
 * https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/gen-ai-spans.md
 */
export const requestAttributes = (
  { config, model, index, provider }: Target,
  { messages, sessionId, turnId }: Pick<ProviderRequest, "messages" | "sessionId" | "turnId">
): Readonly<Record<string, unknown>> => ({
  "gen_ai.operation.name": "chat",
  "gen_ai.provider.name": provider,
  "gen_ai.request.model": model,
  "gen_ai.request.stream": true,
  "gen_ai.conversation.id": sessionId,
  ...Object.fromEntries(
    parameters.flatMap(([name, attribute]) => (Predicate.isNumber(config[name]) ? [[attribute, config[name]]] : []))
  ),
  "langswarm.turn.id": turnId,
  "langswarm.provider": provider,
  "langswarm.fallback": index,
  "langswarm.messages": messages.length
})

/**
 * The model that replied, if the vendor reports it. Adapters put it in `model` of the reply's metadata.
 */
export const responseModel = (fold: ReplyFold): string | undefined => {
  const model = fold.finished()?.metadata?.["model"]
  return typeof model === "string" ? model : undefined
}

/**
 * Span attributes of a provider call when it ends. Names are OpenTelemetry's, as in `requestAttributes`.
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

/**
 * OpenTelemetry's name for why a reply ended, where it has one.
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

const textParts = (parts: ReadonlyArray<Part>) =>
  parts.flatMap((part) => (part._tag === "Text" ? [{ type: "text", content: part.text }] : []))

/**
 * The messages of a request in the format of `gen_ai.input.messages`, text only.
 */
export const inputMessages = (messages: ReadonlyArray<Message>): string =>
  JSON.stringify(messages.map(({ parts, role }) => ({ role, parts: textParts(parts) })))

/**
 * The reply in the format of `gen_ai.output.messages`, text only.
 */
export const outputMessages = (fold: ReplyFold): string => {
  const reason = fold.finished()?.reason ?? "cut"
  const { parts } = fold.reply(reason)
  return JSON.stringify([{ role: "assistant", parts: textParts(parts), finish_reason: finishReason(reason) }])
}
