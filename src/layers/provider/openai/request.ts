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
import { ModelSettings, type ToolDefinition } from "../internal/sdk/settings.js"
import type { ConversationMode } from "./conversationMode.js"

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

/**
 * The keys of a session's `providerConfig` for OpenAI.
 */
export const OpenAiSettings = Schema.Struct({
  ...ModelSettings.fields,
  /** Reasoning models refuse it. */
  temperature: optional(Schema.Number.pipe(Schema.between(0, 2))),
  topP: optional(Schema.Number.pipe(Schema.between(0, 1))),
  reasoningEffort: optional(Schema.Literal("none", "minimal", "low", "medium", "high", "xhigh", "max")),
  /** Asks for a readable summary of the reasoning, as the `text` of an opaque part. Default: no summary. */
  reasoningSummary: optional(Schema.Literal("auto", "concise", "detailed")),
  verbosity: optional(Schema.Literal("low", "medium", "high")),
  /** Allows several tool calls in one reply. Default: the vendor's, which is true. */
  parallelToolCalls: optional(Schema.Boolean),
  serviceTier: optional(Schema.Literal("auto", "default", "flex", "scale", "priority"))
})
export interface OpenAiSettings extends Schema.Schema.Type<typeof OpenAiSettings> {}

/**
 * The whole request body. `extra` overrides everything but the stream.
 */
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

/**
 * The part of a request that the model reads and that counts as its input.
 */
export const toPrompt = (model: string, messages: ReadonlyArray<Message>, settings: OpenAiSettings) => ({
  model,
  input: toInput(messages),
  // Not part of the conversation that the vendor holds.
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

const toTool = ({ description, name, parameters }: ToolDefinition): OpenAi.FunctionTool => ({
  type: "function",
  name,
  ...(description !== undefined && { description }),
  parameters,
  // Strict schemas are a subset of JSON Schema, and this one has not been checked to be in it.
  strict: false
})

const toToolChoice = (choice: NonNullable<OpenAiSettings["toolChoice"]>) =>
  typeof choice === "string" ? choice : { type: "function" as const, name: choice.name }

/**
 * A history in the vendor's format, where tool calls, their results and opaque parts are items of their own between the
 * messages, in the same order.
 */
const toInput = (messages: ReadonlyArray<Message>): Array<ResponseInputItem> => {
  const input: Array<ResponseInputItem> = []
  for (const message of messages) {
    let pending: Array<Part> = []
    const close = () => {
      if (pending.length > 0) input.push(toMessage(message, pending))
      pending = []
    }
    for (const part of message.parts) {
      const items = toItems(part)
      if (items === undefined) {
        pending.push(part)
      } else {
        close()
        input.push(...items)
      }
    }
    close()
  }
  return input
}

/** Undefined for a part that belongs inside a message. */
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
        // The vendor has no field for a failed tool.
        output: part.isError ? `The tool failed: ${part.result}` : part.result
      }]
    case "Opaque":
      return toVendorItem(part)
    default:
      return undefined
  }
}

const readJson = Schema.decodeUnknownEither(Schema.parseJson(Schema.Unknown))

const toVendorItem = ({ data }: OpaquePart): ReadonlyArray<ResponseInputItem> => {
  const item = Either.getOrUndefined(readJson(data))
  return isInputItem(item) ? [item] : []
}

/**
 * Items of the vendor are sent back unchanged. Reasoning is sent back only with its encrypted content: without it, the vendor
 * finds it by its id, which is an error once its copy of the conversation no longer exists.
 */
const isInputItem = (item: unknown): item is ResponseInputItem =>
  Predicate.isRecord(item) && typeof item["type"] === "string" &&
  (item["type"] !== "reasoning" || typeof item["encrypted_content"] === "string")

const toMessage = ({ providerMetadata, role }: Message, parts: ReadonlyArray<Part>): ResponseInputItem => {
  if (role !== "assistant") return { role: role === "system" ? "system" : "user", content: parts.map(toContent) }
  const phase = providerMetadata?.["phase"]
  // A reply takes text only.
  return {
    role,
    content: parts.map(omittedText).join(""),
    ...((phase === "final_answer" || phase === "commentary") && { phase })
  }
}

const toContent = (part: Part): ResponseInputContent => {
  switch (part._tag) {
    case "Image":
      return { type: "input_image", detail: "auto", image_url: toUrl(part) }
    case "File":
      return part.source._tag === "Remote"
        ? { type: "input_file", file_url: part.source.url }
        : { type: "input_file", filename: part.name, file_data: toUrl(part) }
    default:
      return { type: "input_text", text: omittedText(part) }
  }
}

const toUrl = ({ mediaType, source }: { readonly mediaType: string; readonly source: PartSource }): string =>
  source._tag === "Remote" ? source.url : `data:${mediaType};base64,${source.base64}`
