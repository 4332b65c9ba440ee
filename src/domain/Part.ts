import * as Schema from "effect/Schema"
import { JsonRecord } from "./JsonRecord.js"
import { WellFormedText } from "./WellFormedText.js"

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
