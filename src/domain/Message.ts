import * as Hash from "effect/Hash"
import * as Schema from "effect/Schema"
import { MessageId, SessionId, TurnId } from "./Ids.js"
import { DateTimeFromInput, WellFormedText } from "./Input.js"
import { JsonRecord } from "./Json.js"
import { pageFields } from "./Page.js"

/**
 * Why a reply ended. `complete`: the model finished. `length`: it reached a token limit. `toolCalls`: it waits for tool results.
 * `paused`: it asked to be called again, and the turn does that. `refusal`: it declined. `cut`: the turn failed or was
 * interrupted, and this is the part that had arrived. Cut replies are kept for people to read and never sent to a provider.
 */
export const FinishReason = Schema.Literal("complete", "length", "toolCalls", "paused", "refusal", "cut")
export type FinishReason = typeof FinishReason.Type

/** Characters. With the rest of a request, this stays below the server's limit of 1 MiB. */
const maxInlineLength = 1_000_000
const name = Schema.NonEmptyString.pipe(Schema.maxLength(128))
const mediaType = Schema.String.pipe(
  Schema.pattern(/^[a-z]+\/[A-Za-z0-9.+-]{1,100}$/, { description: "a media type such as image/png" })
)

/**
 * The bytes of an image or a file: inline, as base64 of up to 1,000,000 characters, or at an `https:` URL.
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

/**
 * Text.
 */
export const TextPart = Schema.TaggedStruct("Text", { text: WellFormedText })
export interface TextPart extends Schema.Schema.Type<typeof TextPart> {}

/**
 * An image.
 */
export const ImagePart = Schema.TaggedStruct("Image", { mediaType, source: PartSource })
export interface ImagePart extends Schema.Schema.Type<typeof ImagePart> {}

/**
 * A file with its name.
 */
export const FilePart = Schema.TaggedStruct("File", { name, mediaType, source: PartSource })
export interface FilePart extends Schema.Schema.Type<typeof FilePart> {}

/**
 * The model's request to run a tool.
 */
export const ToolCallPart = Schema.TaggedStruct("ToolCall", { id: name, name, arguments: JsonRecord })
export interface ToolCallPart extends Schema.Schema.Type<typeof ToolCallPart> {}

/**
 * The tool's result for the call with the same id.
 */
export const ToolResultPart = Schema.TaggedStruct("ToolResult", {
  id: name,
  result: WellFormedText,
  isError: Schema.Boolean,
  /** True when the runtime closed the call because no tool result was sent. */
  unanswered: Schema.optionalWith(Schema.Literal(true), { exact: true })
})
export interface ToolResultPart extends Schema.Schema.Type<typeof ToolResultPart> {}

/**
 * A block of a reply that only its own provider can read, such as signed thinking. It is sent back unchanged to that provider and
 * to no other.
 */
export const OpaquePart = Schema.TaggedStruct("Opaque", {
  /** Name of the registered provider. */
  provider: Schema.String,
  /** The vendor's name for the kind of block, such as `thinking` or `reasoning`. */
  kind: name,
  /** The block as JSON text, byte for byte. */
  data: Schema.String.pipe(Schema.maxLength(maxInlineLength)),
  /** The readable part of it. Not included in the message's `text`. */
  text: Schema.optionalWith(WellFormedText, { exact: true })
})
export interface OpaquePart extends Schema.Schema.Type<typeof OpaquePart> {}

/**
 * A part that a caller may send. Tool calls are accepted so that past conversations can be imported.
 */
export const InputPart = Schema.Union(TextPart, ImagePart, FilePart, ToolCallPart, ToolResultPart)
export type InputPart = typeof InputPart.Type

/**
 * One piece of a message.
 */
export const Part = Schema.Union(...InputPart.members, OpaquePart)
export type Part = typeof Part.Type

/**
 * The author of a message: a person, the model, the application, or a tool.
 */
export const Role = Schema.Literal("user", "assistant", "system", "tool")
export type Role = typeof Role.Type

const count = Schema.NonNegativeInt
const part = Schema.optionalWith(count, { exact: true })

/**
 * Tokens of one provider call. The same for all vendors: the totals include the parts.
 */
export const TokenUsage = Schema.Struct({
  /** All input tokens, cached or not. */
  inputTokens: count,
  outputTokens: count,
  /** Input tokens read from the provider's cache. */
  cacheReadTokens: part,
  /** Input tokens written to the provider's cache. */
  cacheWriteTokens: part,
  /** Output tokens spent on reasoning. */
  reasoningTokens: part
})
export interface TokenUsage extends Schema.Schema.Type<typeof TokenUsage> {}

/**
 * One entry of a session's history, the same for all providers.
 */
export class Message extends Schema.Class<Message>("Message")({
  id: MessageId,
  sessionId: SessionId,
  /** Number in the session's history: 1, 2, 3, ... without gaps, never reused. Order does not depend on a clock. */
  seq: Schema.Positive.pipe(Schema.int()),
  /** The turn that the message belongs to. System messages have none. */
  turnId: Schema.optionalWith(TurnId, { exact: true }),
  role: Role,
  parts: Schema.Array(Part),
  createdAt: Schema.DateTimeUtc,
  metadata: JsonRecord,
  /** This field and those below are set on replies only. */
  finishReason: Schema.optionalWith(FinishReason, { exact: true }),
  providerMessageId: Schema.optionalWith(Schema.String, { exact: true }),
  providerMetadata: Schema.optionalWith(JsonRecord, { exact: true }),
  usage: Schema.optionalWith(TokenUsage, { exact: true }),
  /** Milliseconds from the provider call to the last token. */
  processingTimeMs: Schema.optionalWith(Schema.NonNegative, { exact: true })
}) {
  /** The concatenated text parts. */
  get text(): string {
    return this.parts.map((part) => (part._tag === "Text" ? part.text : "")).join("")
  }

  /** Uses the id alone: the inherited method caches its result in the message, which fails on a frozen one. */
  [Hash.symbol](): number {
    return Hash.string(this.id)
  }
}

const hasContent = (content: string | ReadonlyArray<InputPart>): boolean =>
  typeof content === "string"
    ? content.trim().length > 0
    : content.some((part) => part._tag !== "Text" || part.text.trim().length > 0)

/**
 * The content of a message: a text, or up to 64 parts. Blank content is refused.
 */
export const MessageContent = Schema.Struct({
  content: Schema.Union(WellFormedText, Schema.Array(InputPart).pipe(Schema.maxItems(64))).pipe(
    Schema.filter(hasContent, { message: () => "must not be empty" })
  ),
  metadata: Schema.optionalWith(JsonRecord, { exact: true })
})
export interface MessageContent extends Schema.Schema.Type<typeof MessageContent> {}

/**
 * Which messages of a session to list. An absent filter matches everything.
 */
export const MessageQuery = Schema.Struct({
  role: Schema.optionalWith(Role, { exact: true }),
  /** Stored at this time or later. */
  since: Schema.optionalWith(DateTimeFromInput, { exact: true }),
  /** Default: `oldest` first. `newest` starts with the last message. */
  order: Schema.optionalWith(Schema.Literal("oldest", "newest"), { exact: true }),
  /** Includes messages removed by a rewind. Default: false. */
  rewound: Schema.optionalWith(Schema.Boolean, { exact: true }),
  ...pageFields
})
export interface MessageQuery extends Schema.Schema.Type<typeof MessageQuery> {}
