import * as Predicate from "effect/Predicate"
import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import type OpenAI from "openai"
import type { ImagePart, Message, Part, ToolCallPart } from "../../../domain/Message.js"
import { omittedText } from "../../../services/Provider.js"
import { ModelSettings, type ToolDefinition } from "../internal/sdk/calls.js"

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })
const penalty = Schema.Number.pipe(Schema.between(-2, 2))

/**
 * What a session's `providerConfig` may hold. What is not told is left to the gateway; `extra` has room for what is not here,
 * such as `max_completion_tokens` for models that refuse the `max_tokens` which `maxTokens` becomes.
 */
export const ChatSettings = Schema.Struct({
  ...ModelSettings.fields,
  temperature: optional(Schema.Number.pipe(Schema.between(0, 2))),
  topP: optional(Schema.Number.pipe(Schema.between(0, 1))),
  /** Texts at which the reply ends. */
  stop: optional(Schema.Array(Schema.NonEmptyString).pipe(Schema.maxItems(4))),
  /** The same seed, the same reply, as far as the gateway can. */
  seed: optional(Schema.Int),
  frequencyPenalty: optional(penalty),
  presencePenalty: optional(penalty),
  /** How much a thinking model thinks: `low`, `medium`, `high`, or what else the gateway knows. */
  reasoningEffort: optional(Schema.NonEmptyString)
})
export interface ChatSettings extends Schema.Schema.Type<typeof ChatSettings> {}

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

type ChatMessage = OpenAI.ChatCompletionMessageParam
type Content = OpenAI.ChatCompletionContentPart

export interface ChatHistory {
  readonly messages: ReadonlyArray<ChatMessage>
  /** The kinds of parts that cannot be sent, and have a line of text in their place. */
  readonly omitted: ReadonlyArray<Part["_tag"]>
}

/**
 * A history as chat completions want it. Results of tools are messages of their own, which must follow the message with the
 * call directly, whatever was said in between; one whose call is not in the history is told in words.
 */
export const toMessages = (system: string | undefined, history: ReadonlyArray<Message>): ChatHistory => {
  const places: Array<Array<ChatMessage>> = system === undefined ? [] : [[{ role: "system", content: system }]]
  const placeOfCall = new Map<string, Array<ChatMessage>>()
  const omitted = new Set<Part["_tag"]>()

  const say = (part: Part, role: Message["role"]): ReadonlyArray<Content> => {
    if (part._tag === "Opaque" || part._tag === "ToolCall") return []
    if (part._tag === "Text") return part.text === "" ? [] : [toText(part.text)]
    if (part._tag === "ToolResult") return [toText(omittedText(part))]
    const content = role === "user" || role === "tool" ? toMedia(part) : undefined
    if (content) return [content]
    omitted.add(part._tag)
    return [toText(omittedText(part))]
  }

  const answer = (part: Part): boolean => {
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
    const said = parts.filter((part) => !answer(part)).flatMap((part) => say(part, role))
    // Somebody may tell of calls that were made elsewhere: a reply holds them all the same.
    if (calls.length > 0 || (isReply && said.length > 0)) place.unshift(toReply(isReply ? said : [], calls))
    places.push(place)
    if (!isReply && said.length > 0) {
      places.push([role === "system" ? { role, content: joined(said) } : { role: "user", content: contentOf(said) }])
    }
  }
  return { messages: places.flat(), omitted: [...omitted] }
}

const toText = (text: string): Content => ({ type: "text", text })

const toMedia = (part: Exclude<Part, { _tag: "Opaque" | "Text" | "ToolCall" | "ToolResult" }>): Content | undefined => {
  if (part._tag === "Image") return { type: "image_url", image_url: { url: urlOf(part) } }
  return part.source._tag === "Remote"
    ? undefined
    : { type: "file", file: { filename: part.name, file_data: dataUrl(part.mediaType, part.source.base64) } }
}

const urlOf = ({ mediaType, source }: ImagePart): string =>
  source._tag === "Remote" ? source.url : dataUrl(mediaType, source.base64)

const dataUrl = (mediaType: string, base64: string): string => `data:${mediaType};base64,${base64}`

const toReply = (said: ReadonlyArray<Content>, calls: ReadonlyArray<ToolCallPart>): ChatMessage => ({
  role: "assistant",
  content: said.length === 0 ? null : joined(said),
  ...(calls.length > 0 && { tool_calls: calls.map(toToolCall) })
})

const toToolCall = ({ arguments: input, id, name }: ToolCallPart): OpenAI.ChatCompletionMessageToolCall => ({
  id,
  type: "function",
  function: { name, arguments: JSON.stringify(input) }
})

/** One text where there is nothing else: not all gateways take a list. */
const contentOf = (said: ReadonlyArray<Content>): string | Array<Content> =>
  said.every(({ type }) => type === "text") ? joined(said) : [...said]

const joined = (said: ReadonlyArray<Content>): string =>
  said.map((part) => (part.type === "text" ? part.text : "")).join("\n")
