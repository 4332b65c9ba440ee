import * as Hash from "effect/Hash"
import * as Schema from "effect/Schema"
import { MessageId, SessionId, TurnId } from "./Ids.js"
import { DateTimeFromInput, WellFormedText } from "./Input.js"
import { JsonRecord } from "./Json.js"
import { pageFields } from "./Page.js"

/**
 * Why a reply ends where it does. `complete`: the model was done. `length`: it hit a token limit. `toolCalls`: it waits
 * for tool results. `paused`: it wants to be called again to go on, and the turn does so. `refusal`: it declined. `cut`: the turn failed or was interrupted, so this is the part that had
 * arrived; a cut reply is kept for people to read and is never shown to a provider again.
 */
export const FinishReason = Schema.Literal("complete", "length", "toolCalls", "paused", "refusal", "cut")
export type FinishReason = typeof FinishReason.Type

/** Characters: with the rest of a request, less than the 1 MiB that a server takes. */
const maxInlineLength = 1_000_000
const name = Schema.NonEmptyString.pipe(Schema.maxLength(128))
const mediaType = Schema.String.pipe(
  Schema.pattern(/^[a-z]+\/[A-Za-z0-9.+-]{1,100}$/, { description: "a media type such as image/png" })
)

/**
 * Where the bytes of an image or a file are: inline, as base64 of up to 1,000,000 characters, or behind an `https:` address.
 */
export const PartSource = Schema.Union(
  Schema.TaggedStruct("Inline", {
    base64: Schema.String.pipe(
      Schema.maxLength(maxInlineLength),
      Schema.pattern(/^[A-Za-z0-9+/]+={0,2}$/, { description: "base64" })
    )
  }),
  Schema.TaggedStruct("Remote", {
    url: Schema.String.pipe(Schema.pattern(/^https:\/\/\S{1,2000}$/, { description: "an https: address" }))
  })
)
export type PartSource = typeof PartSource.Type

export const TextPart = Schema.TaggedStruct("Text", { text: WellFormedText })
export interface TextPart extends Schema.Schema.Type<typeof TextPart> {}

export const ImagePart = Schema.TaggedStruct("Image", { mediaType, source: PartSource })
export interface ImagePart extends Schema.Schema.Type<typeof ImagePart> {}

export const FilePart = Schema.TaggedStruct("File", { name, mediaType, source: PartSource })
export interface FilePart extends Schema.Schema.Type<typeof FilePart> {}

/**
 * The model asks for a tool to be run.
 */
export const ToolCallPart = Schema.TaggedStruct("ToolCall", { id: name, name, arguments: JsonRecord })
export interface ToolCallPart extends Schema.Schema.Type<typeof ToolCallPart> {}

/**
 * What the tool answered to the call with the same id.
 */
export const ToolResultPart = Schema.TaggedStruct("ToolResult", {
  id: name,
  result: WellFormedText,
  isError: Schema.Boolean,
  /** Set by the runtime, which closed the call because no tool had answered it. */
  unanswered: Schema.optionalWith(Schema.Literal(true), { exact: true })
})
export interface ToolResultPart extends Schema.Schema.Type<typeof ToolResultPart> {}

/**
 * A block of a reply that only the provider it came from can read, such as signed thinking. It goes back to that provider
 * unchanged, and to no other.
 */
export const OpaquePart = Schema.TaggedStruct("Opaque", {
  /** The provider's name among those registered. */
  provider: Schema.String,
  /** The vendor's name of its kind: `thinking`, `reasoning`. */
  kind: name,
  /** The block as JSON text, byte for byte. */
  data: Schema.String.pipe(Schema.maxLength(maxInlineLength)),
  /** What a person may read of it. Not part of the message's text. */
  text: Schema.optionalWith(WellFormedText, { exact: true })
})
export interface OpaquePart extends Schema.Schema.Type<typeof OpaquePart> {}

/**
 * What somebody may say. A tool call may be a past one of another conversation.
 */
export const InputPart = Schema.Union(TextPart, ImagePart, FilePart, ToolCallPart, ToolResultPart)
export type InputPart = typeof InputPart.Type

/**
 * One piece of a message.
 */
export const Part = Schema.Union(...InputPart.members, OpaquePart)
export type Part = typeof Part.Type

/**
 * Who speaks in a message: a person, the model, the application, or a tool.
 */
export const Role = Schema.Literal("user", "assistant", "system", "tool")
export type Role = typeof Role.Type

const count = Schema.NonNegativeInt
const part = Schema.optionalWith(count, { exact: true })

/**
 * Tokens that a provider reports for one call, counted the same for all vendors: the parts are included in the totals.
 */
export const TokenUsage = Schema.Struct({
  /** All of the input, cached or not. */
  inputTokens: count,
  outputTokens: count,
  /** Of the input: read from the provider's cache. */
  cacheReadTokens: part,
  /** Of the input: written to the provider's cache. */
  cacheWriteTokens: part,
  /** Of the output: spent on thinking. */
  reasoningTokens: part
})
export interface TokenUsage extends Schema.Schema.Type<typeof TokenUsage> {}

/**
 * One entry of a session's history, the same for all providers.
 */
export class Message extends Schema.Class<Message>("Message")({
  id: MessageId,
  sessionId: SessionId,
  /** Place in the session's history: 1, 2, 3, ... without gaps, never used twice. Order never depends on a clock. */
  seq: Schema.Positive.pipe(Schema.int()),
  /** The turn it belongs to. A system message has none. */
  turnId: Schema.optionalWith(TurnId, { exact: true }),
  role: Role,
  parts: Schema.Array(Part),
  createdAt: Schema.DateTimeUtc,
  metadata: JsonRecord,
  /** Set on replies only, as is all below. */
  finishReason: Schema.optionalWith(FinishReason, { exact: true }),
  providerMessageId: Schema.optionalWith(Schema.String, { exact: true }),
  providerMetadata: Schema.optionalWith(JsonRecord, { exact: true }),
  usage: Schema.optionalWith(TokenUsage, { exact: true }),
  /** Milliseconds from the provider call to the last token. */
  processingTimeMs: Schema.optionalWith(Schema.NonNegative, { exact: true })
}) {
  /** The text parts, joined. */
  get text(): string {
    return this.parts.map((part) => (part._tag === "Text" ? part.text : "")).join("")
  }

  /** Of the id alone: the inherited one writes what it found into the message, and a frozen message refuses that. */
  [Hash.symbol](): number {
    return Hash.string(this.id)
  }
}

const hasContent = (content: string | ReadonlyArray<InputPart>): boolean =>
  typeof content === "string"
    ? content.trim().length > 0
    : content.some((part) => part._tag !== "Text" || part.text.trim().length > 0)

/**
 * What is said: a text, or up to 64 parts. Blank text is refused.
 */
export const MessageContent = Schema.Struct({
  content: Schema.Union(WellFormedText, Schema.Array(InputPart).pipe(Schema.maxItems(64))).pipe(
    Schema.filter(hasContent, { message: () => "must not be empty" })
  ),
  metadata: Schema.optionalWith(JsonRecord, { exact: true })
})
export interface MessageContent extends Schema.Schema.Type<typeof MessageContent> {}

/**
 * Which messages of a session. What is left out matches all.
 */
export const MessageQuery = Schema.Struct({
  role: Schema.optionalWith(Role, { exact: true }),
  /** Stored at this moment or later. */
  since: Schema.optionalWith(DateTimeFromInput, { exact: true }),
  /** `oldest` first unless told. `newest` gives the latest messages, the last one first. */
  order: Schema.optionalWith(Schema.Literal("oldest", "newest"), { exact: true }),
  /** Whether to show what was rewound too. False unless told. */
  rewound: Schema.optionalWith(Schema.Boolean, { exact: true }),
  ...pageFields
})
export interface MessageQuery extends Schema.Schema.Type<typeof MessageQuery> {}
