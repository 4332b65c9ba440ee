import type * as OpenAi from "openai/resources/responses/responses"
import type { Message } from "../../../domain/Message.js"
import type { OpenAiSettings } from "./OpenAiSettings.js"
import { toInput } from "./toInput.js"

/**
 * All of a request that the model reads, and that counts as its input.
 */
export const toPrompt = (model: string, messages: ReadonlyArray<Message>, settings: OpenAiSettings) => ({
  model,
  input: toInput(messages),
  // The vendor's copy of a conversation does not hold them.
  ...(settings.system !== undefined && { instructions: settings.system }),
  ...(settings.tools && { tools: settings.tools.map(toTool) }),
  ...(settings.toolChoice !== undefined && { tool_choice: toToolChoice(settings.toolChoice) }),
  ...(settings.parallelToolCalls !== undefined && { parallel_tool_calls: settings.parallelToolCalls }),
  ...((settings.reasoningEffort !== undefined || settings.reasoningSummary !== undefined) && {
    reasoning: {
      ...(settings.reasoningEffort !== undefined && { effort: settings.reasoningEffort }),
      ...(settings.reasoningSummary !== undefined && { summary: settings.reasoningSummary })
    }
  }),
  ...(settings.verbosity !== undefined && { text: { verbosity: settings.verbosity } })
})

const toTool = (
  { description, name, parameters }: NonNullable<OpenAiSettings["tools"]>[number]
): OpenAi.FunctionTool => ({
  type: "function",
  name,
  ...(description !== undefined && { description }),
  parameters,
  // Strict schemas are a subset of JSON Schema, and nobody has checked that this is one.
  strict: false
})

const toToolChoice = (choice: NonNullable<OpenAiSettings["toolChoice"]>) =>
  typeof choice === "string" ? choice : { type: "function" as const, name: choice.name }
