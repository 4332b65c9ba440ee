import * as Predicate from "effect/Predicate"
import * as Record from "effect/Record"
import type OpenAI from "openai"
import type { ToolDefinition } from "../internal/vendor/ModelSettings.js"
import type { ChatSettings } from "./ChatSettings.js"

/**
 * What is sent. `extra` wins over all but the stream itself.
 */
export const requestBody = (
  model: string,
  messages: ReadonlyArray<OpenAI.ChatCompletionMessageParam>,
  { extra, tools, toolChoice, ...settings }: ChatSettings
): OpenAI.ChatCompletionCreateParamsStreaming => ({
  model,
  messages: [...messages],
  ...told({
    max_tokens: settings.maxTokens,
    temperature: settings.temperature,
    top_p: settings.topP,
    stop: settings.stop && [...settings.stop],
    seed: settings.seed,
    frequency_penalty: settings.frequencyPenalty,
    presence_penalty: settings.presencePenalty,
    reasoning_effort: settings.reasoningEffort
  }),
  // A choice without tools is refused.
  ...(tools && tools.length > 0 && {
    tools: tools.map(toTool),
    ...(toolChoice !== undefined && { tool_choice: toToolChoice(toolChoice) })
  }),
  stream_options: { include_usage: true },
  ...extra,
  stream: true
})

const told = Record.filter(Predicate.isNotUndefined)

const toTool = ({ description, name, parameters }: ToolDefinition): OpenAI.ChatCompletionTool => ({
  type: "function",
  function: { name, ...(description !== undefined && { description }), parameters: { ...parameters } }
})

const toToolChoice = (
  choice: NonNullable<ChatSettings["toolChoice"]>
): OpenAI.ChatCompletionToolChoiceOption =>
  typeof choice === "string" ? choice : { type: "function", function: { name: choice.name } }
