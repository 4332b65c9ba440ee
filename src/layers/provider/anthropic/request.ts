import type {
  Base64ImageSource,
  CacheControlEphemeral,
  ContentBlockParam,
  DocumentBlockParam,
  MessageCountTokensParams,
  MessageCreateParamsStreaming,
  MessageParam,
  TextBlockParam,
  ThinkingConfigParam,
  Tool,
  ToolChoice
} from "@anthropic-ai/sdk/resources/messages/messages"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import type { FilePart, ImagePart, Message, Part, Role } from "../../../domain/Message.js"
import { omittedText } from "../../../services/Provider.js"
import type { ToolDefinition } from "../internal/sdk/calls.js"
import type { AnthropicSettings } from "./client.js"
import { readBlock } from "./reply.js"

/**
 * One part as a block of the vendor's, or none. `paired`: of a tool's call and its result, the other one is where the vendor
 * wants it. What the vendor takes from the user only, or not at all, becomes a line of text.
 */
export const toBlock = (part: Part, role: "user" | "assistant", paired: boolean): ReadonlyArray<ContentBlockParam> => {
  switch (part._tag) {
    case "Image":
      return role === "user" ? imageBlock(part) : omitted(part)
    case "File":
      return role === "user" ? documentBlock(part) : omitted(part)
    case "ToolCall":
      return paired
        ? [{ type: "tool_use", id: safeName(part.id), name: safeName(part.name), input: part.arguments }]
        : omitted(part)
    case "ToolResult":
      return paired
        ? [{
          type: "tool_result",
          tool_use_id: safeName(part.id),
          ...(part.result.trim() !== "" && { content: part.result }),
          ...(part.isError && { is_error: true })
        }]
        : omitted(part)
    case "Opaque":
      return Option.toArray(readBlock(part))
    case "Text":
      return omitted(part)
  }
}

const omitted = (part: Part): ReadonlyArray<ContentBlockParam> => [{ type: "text", text: omittedText(part) }]

/** Other vendors have ids with other characters, and the vendor refuses the whole request for one. */
const safeName = (name: string): string => name.replaceAll(/[^\w-]/g, "_")

const isImageType = Schema.is(
  Schema.Literal("image/jpeg", "image/png", "image/gif", "image/webp") satisfies Schema.Schema<
    Base64ImageSource["media_type"]
  >
)

const imageBlock = (part: ImagePart): ReadonlyArray<ContentBlockParam> => {
  const { mediaType, source } = part
  if (source._tag === "Remote") return [{ type: "image", source: { type: "url", url: source.url } }]
  return isImageType(mediaType)
    ? [{ type: "image", source: { type: "base64", media_type: mediaType, data: source.base64 } }]
    : omitted(part)
}

const documentBlock = (part: FilePart): ReadonlyArray<ContentBlockParam> => {
  const source = documentSource(part)
  return source ? [{ type: "document", title: part.name, source }] : omitted(part)
}

/** Of what is behind an address, the vendor reads PDFs only. */
const documentSource = ({ mediaType, source }: FilePart): DocumentBlockParam["source"] | undefined => {
  if (mediaType === "application/pdf") {
    return source._tag === "Remote"
      ? { type: "url", url: source.url }
      : { type: "base64", media_type: "application/pdf", data: source.base64 }
  }
  const text = mediaType === "text/plain" && source._tag === "Inline"
    ? Either.getOrElse(Encoding.decodeBase64String(source.base64), () => "")
    : ""
  return text.trim() === "" ? undefined : { type: "text", media_type: "text/plain", data: text }
}

/**
 * What of a call the vendor counts the tokens of; it refuses to be told the rest.
 */
export const toCount = (request: MessageCreateParamsStreaming): MessageCountTokensParams =>
  Struct.pick(
    request,
    "model",
    "messages",
    "system",
    "tools",
    "tool_choice",
    "thinking",
    "output_config",
    "cache_control",
    "speed"
  )

/**
 * All that one side says before the other does.
 */
export interface VendorTurn {
  readonly role: "user" | "assistant"
  readonly parts: Array<Part>
  /** What the application says after it. */
  readonly system: Array<string>
}

/**
 * A history as the vendor takes it: turns of the user and the model, one after the other, the first one a user's, and none of
 * them empty. `top` is what the application says before all of it.
 *
 * A system message must come right after a user's turn, and be followed by the model's or by nothing, or the vendor refuses the
 * request; so one that comes after a reply, or before the results of tools, waits for the end of the user's turn.
 * https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages
 */
export const turnsOf = (
  messages: ReadonlyArray<Message>
): { readonly top: ReadonlyArray<string>; readonly turns: ReadonlyArray<VendorTurn> } => {
  const top: Array<string> = []
  const turns: Array<VendorTurn> = []
  let waiting: Array<string> = []
  const add = (role: VendorTurn["role"], parts: ReadonlyArray<Part>) => {
    const last = turns.at(-1)
    if (last?.role === role) return void last.parts.push(...parts)
    turns.push({ role, parts: [...parts], system: role === "user" ? waiting : [] })
    if (role === "user") waiting = []
  }

  for (const { parts, role } of messages) {
    const said = parts.filter((part) => saysSomething(part, role))
    if (role === "system") {
      const last = turns.at(-1)
      const place = last === undefined ? top : last.role === "user" ? last.system : waiting
      place.push(...said.map(omittedText))
    } else if (role === "assistant") {
      const kept = withoutLastThinking(said)
      if (kept.length > 0 && turns.length === 0) add("user", [text("[The conversation begins here.]")])
      if (kept.length > 0) add("assistant", kept)
    } else {
      add("user", said.length > 0 ? said : [text("[This message is empty.]")])
    }
  }
  if (turns.length === 0) add("user", [text("[The conversation begins here.]")])
  return { top: [...top, ...waiting], turns }
}

/** The vendor refuses blank text, and blocks of its own from anybody but the model. */
const saysSomething = (part: Part, role: Role): boolean => {
  if (part._tag === "Text") return part.text.trim() !== ""
  return part._tag !== "Opaque" || (role === "assistant" && Option.isSome(readBlock(part)))
}

const text = (text: string): Part => ({ _tag: "Text", text })

/** A reply that was cut off while the model thought ends in a block that the vendor takes nowhere but before another one. */
const withoutLastThinking = (parts: ReadonlyArray<Part>): ReadonlyArray<Part> =>
  parts.slice(0, parts.findLastIndex((part) => !isThinking(part)) + 1)

const isThinking = (part: Part): boolean =>
  part._tag === "Opaque" && (part.kind === "thinking" || part.kind === "redacted_thinking")

/**
 * A history in the vendor's format: `top` belongs in the system prompt.
 */
export interface VendorHistory {
  readonly top: ReadonlyArray<TextBlockParam>
  readonly messages: Array<MessageParam>
}

/**
 * Translates a history. System messages stay where they were said, unless all are to go to the top: put there later, they
 * would change the beginning of all that the vendor's cache holds.
 */
export const toMessages = (history: ReadonlyArray<Message>, systemMessages: "inPlace" | "top"): VendorHistory => {
  const { top, turns } = turnsOf(history)
  const atTop = systemMessages === "top" ? turns.flatMap(({ system }) => system) : []
  const messages = turns.flatMap((turn, index): ReadonlyArray<MessageParam> => {
    const said: MessageParam = { role: turn.role, content: contentOf(turn, turns[index - 1], turns[index + 1]) }
    return turn.system.length === 0 || systemMessages === "top"
      ? [said]
      : [said, { role: "system", content: turn.system.map(textBlock) }]
  })
  return { top: [...top, ...atTop].map(textBlock), messages }
}

/** A call and its result must stand in turns next to each other, the result first. What has no counterpart there becomes text. */
const contentOf = (
  turn: VendorTurn,
  before: VendorTurn | undefined,
  after: VendorTurn | undefined
): Array<ContentBlockParam> => {
  if (turn.role === "user") {
    const open = idsOf("ToolCall", before)
    const [results, rest] = partition(turn.parts, (part) => part._tag === "ToolResult" && open.delete(part.id))
    return [
      ...results.flatMap((part) => toBlock(part, "user", true)),
      ...rest.flatMap((part) => toBlock(part, "user", false))
    ]
  }
  const answered = idsOf("ToolResult", after)
  const blocks = turn.parts.flatMap((part) =>
    toBlock(part, "assistant", part._tag === "ToolCall" && answered.delete(part.id))
  )
  return after === undefined ? blocks.map(withoutSpaceAtEnd) : blocks
}

const idsOf = (tag: "ToolCall" | "ToolResult", turn: VendorTurn | undefined): Set<string> =>
  new Set(turn?.parts.flatMap((part) => (part._tag === tag ? [part.id] : [])))

const partition = (parts: ReadonlyArray<Part>, isFirst: (part: Part) => boolean) => {
  const sides: [Array<Part>, Array<Part>] = [[], []]
  for (const part of parts) sides[isFirst(part) ? 0 : 1].push(part)
  return sides
}

/** A reply to go on with must not end in blank space. */
const withoutSpaceAtEnd = (
  block: ContentBlockParam,
  index: number,
  blocks: ReadonlyArray<ContentBlockParam>
): ContentBlockParam =>
  block.type === "text" && index === blocks.length - 1 ? { ...block, text: block.text.trimEnd() } : block

const textBlock = (text: string): TextBlockParam => ({ type: "text", text })

/** The vendor demands a limit; this is room for some ten pages. */
const defaultMaxTokens = 8192

/**
 * One call: a history and a session's settings in the vendor's format.
 */
export const toRequest = (
  model: string,
  settings: AnthropicSettings,
  history: ReadonlyArray<Message>
): MessageCreateParamsStreaming => {
  const { effort, extra, stopSequences, thinking, toolChoice, tools = [] } = settings
  const { messages, top } = toMessages(history, settings.systemMessages ?? "inPlace")
  const prompt: ReadonlyArray<TextBlockParam> = settings.system === undefined || settings.system.trim() === ""
    ? top
    : [{ type: "text", text: settings.system }, ...top]

  // Two marks: one after what all sessions of a kind have in common, and one that moves along with the conversation, so that
  // each call reads what the one before has written. A mark counts for all that comes before it; tools come before the system
  // prompt. https://platform.claude.com/docs/en/build-with-claude/prompt-caching
  const { cache = "5m" } = settings
  const mark = cache === "off"
    ? {}
    : { cache_control: { type: "ephemeral", ttl: cache } satisfies CacheControlEphemeral }
  const markLast = <Block extends object>(blocks: ReadonlyArray<Block>): Array<Block> =>
    blocks.map((block, index) => (index === blocks.length - 1 ? { ...block, ...mark } : block))

  const body: MessageCreateParamsStreaming = {
    model,
    max_tokens: settings.maxTokens ?? defaultMaxTokens + (thinking?.type === "enabled" ? thinking.budgetTokens : 0),
    ...mark,
    ...(prompt.length > 0 && { system: markLast(prompt) }),
    ...(tools.length > 0 && { tools: prompt.length > 0 ? tools.map(toTool) : markLast(tools.map(toTool)) }),
    ...(tools.length > 0 && toolChoice !== undefined && { tool_choice: toToolChoice(toolChoice) }),
    ...(thinking && { thinking: toThinking(thinking) }),
    ...(effort && { output_config: { effort } }),
    ...(stopSequences && { stop_sequences: [...stopSequences] }),
    messages,
    stream: true
  }
  return { ...body, ...extra, stream: true }
}

const toTool = ({ description, name, parameters }: ToolDefinition): Tool => ({
  name,
  ...(description !== undefined && { description }),
  input_schema: { ...parameters, type: "object" }
})

const toToolChoice = (choice: NonNullable<AnthropicSettings["toolChoice"]>): ToolChoice =>
  typeof choice === "object"
    ? { type: "tool", name: choice.name }
    : { type: choice === "required" ? "any" : choice }

const toThinking = (thinking: NonNullable<AnthropicSettings["thinking"]>): ThinkingConfigParam => {
  if (thinking.type !== "enabled") return thinking
  const { budgetTokens, ...rest } = thinking
  return { ...rest, budget_tokens: budgetTokens }
}
