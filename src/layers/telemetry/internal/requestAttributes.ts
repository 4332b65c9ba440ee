import * as Predicate from "effect/Predicate"
import type { Target } from "../../../services/internal/provider/Target.js"
import type { ProviderRequest } from "../../../services/ProviderRequest.js"

/** Of a session's settings, those that OpenTelemetry has a name for. */
const parameters = [
  ["maxTokens", "gen_ai.request.max_tokens"],
  ["temperature", "gen_ai.request.temperature"],
  ["topP", "gen_ai.request.top_p"]
] as const

/**
 * What is known of a provider call when it begins. The names are OpenTelemetry's, as far as it has one:
 * https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/gen-ai-spans.md
 */
export const requestAttributes = (
  { config, model, place, provider }: Target,
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
  "langswarm.fallback": place,
  "langswarm.messages": messages.length
})
