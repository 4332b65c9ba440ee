import type {
  CacheControlEphemeral,
  MessageCountTokensParams,
  MessageCreateParamsStreaming,
  TextBlockParam,
  ThinkingConfigParam,
  Tool,
  ToolChoice
} from "@anthropic-ai/sdk/resources/messages/messages"
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import type { Message } from "../../../domain/Message.js"
import { ModelSettings, type ToolDefinition } from "../internal/sdk/settings.js"
import { toMessages } from "./history.js"

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })
const display = optional(Schema.Literal("summarized", "omitted"))

/**
 * The keys of a session's `providerConfig` for Anthropic. There is no `temperature`: the API refuses it since its version of
 * 2026-10-21, so one that is set for another vendor is not sent.
 */
export const AnthropicSettings = Schema.Struct({
  ...ModelSettings.fields,
  /**
   * `adaptive`: the model decides how much. `enabled`: up to a budget, which is added to the default of `maxTokens`. Models
   * differ in which of them they accept. Default: the model's.
   */
  thinking: optional(Schema.Union(
    Schema.Struct({ type: Schema.Literal("adaptive"), display }),
    Schema.Struct({
      type: Schema.Literal("enabled"),
      budgetTokens: Schema.Number.pipe(Schema.int(), Schema.greaterThanOrEqualTo(1024)),
      display
    }),
    Schema.Struct({ type: Schema.Literal("disabled", "between_tools") })
  )),
  effort: optional(Schema.Literal("low", "medium", "high", "xhigh", "max")),
  stopSequences: optional(Schema.Array(Schema.NonEmptyString)),
  /** How long the vendor's prompt cache keeps what a call has sent. Default: `5m`. */
  cache: optional(Schema.Literal("5m", "1h", "off")),
  /**
   * Where system messages from the middle of a conversation are sent. `top`: in the system prompt, for models before Claude
   * Opus 4.8 and for gateways, which refuse them elsewhere. Default: `inPlace`.
   */
  systemMessages: optional(Schema.Literal("inPlace", "top"))
})
export interface AnthropicSettings extends Schema.Schema.Type<typeof AnthropicSettings> {}

/**
 * The whole request body. `extra` overrides everything but the stream.
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

  // Two cache marks: one after the tools and system prompt, which many sessions share, and one that moves with the
  // conversation, so that each call reads what the one before has written. A mark covers all that comes before it; tools come
  // before the system prompt. https://platform.claude.com/docs/en/build-with-claude/prompt-caching
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

/** The vendor demands a limit. This is about ten pages. */
const defaultMaxTokens = 8192

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

/**
 * The fields of a request that token counting accepts; it refuses the others.
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
