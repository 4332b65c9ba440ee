import * as Predicate from "effect/Predicate"
import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import type OpenAI from "openai"
import type { ImagePart, Message, Part, ToolCallPart } from "../../../domain/Message.js"
import { omittedText } from "../../../services/Provider.js"
import { ModelSettings, type ToolDefinition } from "../internal/sdk/settings.js"

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })
const penalty = Schema.Number.pipe(Schema.between(-2, 2))

/**
 * The keys of a session's `providerConfig` for chat completions. A key without a value is not sent. `extra` is for fields that
 * are not here, such as `max_completion_tokens` for models that refuse `max_tokens`, which is what `maxTokens` becomes.
 */
export const ChatSettings = Schema.Struct({
  ...ModelSettings.fields,
  temperature: optional(Schema.Number.pipe(Schema.between(0, 2))),
  topP: optional(Schema.Number.pipe(Schema.between(0, 1))),
  /** The reply ends before any of these texts. */
  stop: optional(Schema.Array(Schema.NonEmptyString).pipe(Schema.maxItems(4))),
  /** Makes replies repeatable, as far as the gateway can. */
  seed: optional(Schema.Int),
  frequencyPenalty: optional(penalty),
  presencePenalty: optional(penalty),
  /** `low`, `medium`, `high`, or another value that the gateway knows. */
  reasoningEffort: optional(Schema.NonEmptyString)
})
export interface ChatSettings extends Schema.Schema.Type<typeof ChatSettings> {}

/**
 * The whole request body. `extra` overrides everything but the stream.
 */
export const toBody = (
  model: string,
  messages: ReadonlyArray<OpenAI.ChatCompletionMessageParam>,
  { extra, tools, toolChoice, ...settings }: ChatSettings
): OpenAI.ChatCompletionCreateParamsStreaming => ({
  model,
  messages: [...messages],
  ...withoutUndefined({
    max_tokens: settings.maxTokens,
    temperature: settings.temperature,
    top_p: settings.topP,
    stop: settings.stop && [...settings.stop],
    seed: settings.seed,
    frequency_penalty: settings.frequencyPenalty,
    presence_penalty: settings.presencePenalty,
    reasoning_effort: settings.reasoningEffort
  }),
  // Gateways refuse a choice without tools.
  ...(tools && tools.length > 0 && {
    tools: tools.map(toTool),
    ...(toolChoice !== undefined && { tool_choice: toToolChoice(toolChoice) })
  }),
  stream_options: { include_usage: true },
  ...extra,
  stream: true
})

const withoutUndefined = Record.filter(Predicate.isNotUndefined)

const toTool = ({ description, name, parameters }: ToolDefinition): OpenAI.ChatCompletionTool => ({
  type: "function",
  function: { name, ...(description !== undefined && { description }), parameters: { ...parameters } }
})

const toToolChoice = (
  choice: NonNullable<ChatSettings["toolChoice"]>
): OpenAI.ChatCompletionToolChoiceOption =>
  typeof choice === "string" ? choice : { type: "function", function: { name: choice.name } }

type ChatMessage = OpenAI.ChatCompletionMessageParam
type Content = OpenAI.ChatCompletionContentPart

/**
 * A history in the format of chat completions.
 */
interface ChatHistory {
  readonly messages: ReadonlyArray<ChatMessage>
  /** Kinds of parts that cannot be sent and were replaced by a line of text. */
  readonly omitted: ReadonlyArray<Part["_tag"]>
}

/**
 * Translates a history. A tool result is a message of its own that must directly follow the message with the call, whatever
 * stands in between; a result whose call is not in the history becomes text.
 */
export const toMessages = (system: string | undefined, history: ReadonlyArray<Message>): ChatHistory => {
  const places: Array<Array<ChatMessage>> = system === undefined ? [] : [[{ role: "system", content: system }]]
  const placeOfCall = new Map<string, Array<ChatMessage>>()
  const omitted = new Set<Part["_tag"]>()

  const toContents = (part: Part, role: Message["role"]): ReadonlyArray<Content> => {
    if (part._tag === "Opaque" || part._tag === "ToolCall") return []
    if (part._tag === "Text") return part.text === "" ? [] : [toText(part.text)]
    if (part._tag === "ToolResult") return [toText(omittedText(part))]
    const content = role === "user" || role === "tool" ? toMedia(part) : undefined
    if (content) return [content]
    omitted.add(part._tag)
    return [toText(omittedText(part))]
  }

  /** Moves a tool result behind its call. False when it is none, or the call is not in the history. */
  const moveToCall = (part: Part): boolean => {
    const place = part._tag === "ToolResult" ? placeOfCall.get(part.id) : undefined
    if (place === undefined || part._tag !== "ToolResult") return false
    place.push({ role: "tool", tool_call_id: part.id, content: part.result })
    return true
  }

  for (const { parts, role } of history) {
    const calls = parts.filter((part) => part._tag === "ToolCall")
    const isReply = role === "assistant"
    const place: Array<ChatMessage> = []
    for (const { id } of calls) placeOfCall.set(id, place)
    const contents = parts.filter((part) => !moveToCall(part)).flatMap((part) => toContents(part, role))
    // An imported history may hold calls under another role: they are sent as a reply all the same.
    if (calls.length > 0 || (isReply && contents.length > 0)) place.unshift(toReply(isReply ? contents : [], calls))
    places.push(place)
    if (!isReply && contents.length > 0) {
      places.push([
        role === "system" ? { role, content: joinTexts(contents) } : { role: "user", content: toUserContent(contents) }
      ])
    }
  }
  return { messages: places.flat(), omitted: [...omitted] }
}

const toText = (text: string): Content => ({ type: "text", text })

const toMedia = (part: Exclude<Part, { _tag: "Opaque" | "Text" | "ToolCall" | "ToolResult" }>): Content | undefined => {
  if (part._tag === "Image") return { type: "image_url", image_url: { url: toUrl(part) } }
  return part.source._tag === "Remote"
    ? undefined
    : { type: "file", file: { filename: part.name, file_data: dataUrl(part.mediaType, part.source.base64) } }
}

const toUrl = ({ mediaType, source }: ImagePart): string =>
  source._tag === "Remote" ? source.url : dataUrl(mediaType, source.base64)

const dataUrl = (mediaType: string, base64: string): string => `data:${mediaType};base64,${base64}`

const toReply = (contents: ReadonlyArray<Content>, calls: ReadonlyArray<ToolCallPart>): ChatMessage => ({
  role: "assistant",
  content: contents.length === 0 ? null : joinTexts(contents),
  ...(calls.length > 0 && { tool_calls: calls.map(toToolCall) })
})

const toToolCall = ({ arguments: input, id, name }: ToolCallPart): OpenAI.ChatCompletionMessageToolCall => ({
  id,
  type: "function",
  function: { name, arguments: JSON.stringify(input) }
})

/** Text alone is sent as a string: not all gateways accept a list. */
const toUserContent = (contents: ReadonlyArray<Content>): string | Array<Content> =>
  contents.every(({ type }) => type === "text") ? joinTexts(contents) : [...contents]

const joinTexts = (contents: ReadonlyArray<Content>): string =>
  contents.map((part) => (part.type === "text" ? part.text : "")).join("\n")
