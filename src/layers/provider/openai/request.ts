import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type * as OpenAi from "openai/resources/responses/responses"
import type {
  ResponseCreateParamsStreaming,
  ResponseInputContent,
  ResponseInputItem
} from "openai/resources/responses/responses"
import type { Message, OpaquePart, Part, PartSource } from "../../../domain/Message.js"
import { omittedText } from "../../../services/Provider.js"
import type { OpenAiSettings } from "./client.js"
import type { ConversationMode } from "./conversations.js"

/**
 * The messages in the vendor's format. Tool calls, their results and opaque parts are items of their own there, beside the
 * messages, in the same order.
 */
export const toInput = (messages: ReadonlyArray<Message>): Array<ResponseInputItem> => {
  const input: Array<ResponseInputItem> = []
  for (const message of messages) {
    let said: Array<Part> = []
    const close = () => {
      if (said.length > 0) input.push(toMessage(message, said))
      said = []
    }
    for (const part of message.parts) {
      const items = toItems(part)
      if (items === undefined) {
        said.push(part)
      } else {
        close()
        input.push(...items)
      }
    }
    close()
  }
  return input
}

/** Nothing for a part that belongs into a message. */
const toItems = (part: Part): ReadonlyArray<ResponseInputItem> | undefined => {
  switch (part._tag) {
    case "ToolCall":
      return [{
        type: "function_call",
        call_id: part.id,
        name: part.name,
        arguments: JSON.stringify(part.arguments)
      }]
    case "ToolResult":
      return [{
        type: "function_call_output",
        call_id: part.id,
        // The vendor has no other way to say that a tool failed.
        output: part.isError ? `The tool failed: ${part.result}` : part.result
      }]
    case "Opaque":
      return toOwnItem(part)
    default:
      return undefined
  }
}

const readJson = Schema.decodeUnknownEither(Schema.parseJson(Schema.Unknown))

const toOwnItem = ({ data }: OpaquePart): ReadonlyArray<ResponseInputItem> => {
  const item = Either.getOrUndefined(readJson(data))
  return isInputItem(item) ? [item] : []
}

/**
 * An item that the vendor once sent may go back as it is. But reasoning is known to the vendor by its id only as long as its own
 * copy of the conversation exists, and to name what is gone is an error: it goes back when it carries itself, encrypted.
 */
const isInputItem = (item: unknown): item is ResponseInputItem =>
  Predicate.isRecord(item) && typeof item["type"] === "string" &&
  (item["type"] !== "reasoning" || typeof item["encrypted_content"] === "string")

const toMessage = ({ providerMetadata, role }: Message, parts: ReadonlyArray<Part>): ResponseInputItem => {
  if (role !== "assistant") return { role: role === "system" ? "system" : "user", content: parts.map(toContent) }
  const phase = providerMetadata?.["phase"]
  // A reply holds text only.
  return {
    role,
    content: parts.map(omittedText).join(""),
    ...((phase === "final_answer" || phase === "commentary") && { phase })
  }
}

const toContent = (part: Part): ResponseInputContent => {
  switch (part._tag) {
    case "Image":
      return { type: "input_image", detail: "auto", image_url: addressOf(part) }
    case "File":
      return part.source._tag === "Remote"
        ? { type: "input_file", file_url: part.source.url }
        : { type: "input_file", filename: part.name, file_data: addressOf(part) }
    default:
      return { type: "input_text", text: omittedText(part) }
  }
}

const addressOf = ({ mediaType, source }: { readonly mediaType: string; readonly source: PartSource }): string =>
  source._tag === "Remote" ? source.url : `data:${mediaType};base64,${source.base64}`

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

export const toBody = (
  model: string,
  messages: ReadonlyArray<Message>,
  settings: OpenAiSettings,
  { params }: ConversationMode
): ResponseCreateParamsStreaming => ({
  ...toPrompt(model, messages, settings),
  ...params,
  ...(settings.maxTokens !== undefined && { max_output_tokens: settings.maxTokens }),
  ...(settings.temperature !== undefined && { temperature: settings.temperature }),
  ...(settings.topP !== undefined && { top_p: settings.topP }),
  ...(settings.serviceTier !== undefined && { service_tier: settings.serviceTier }),
  ...settings.extra,
  stream: true
})
