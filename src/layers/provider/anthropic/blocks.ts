import type {
  Base64ImageSource,
  ContentBlockParam,
  DocumentBlockParam
} from "@anthropic-ai/sdk/resources/messages/messages"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type { FilePart, ImagePart, OpaquePart, Part } from "../../../domain/Message.js"
import { omittedText } from "../../../services/Provider.js"

/**
 * A part as a content block, or none. `paired`: the counterpart of a tool call or result is where the vendor demands it. A part
 * that the vendor does not accept from this role becomes a line of text.
 */
export const toBlock = (part: Part, role: "user" | "assistant", paired: boolean): ReadonlyArray<ContentBlockParam> => {
  switch (part._tag) {
    case "Image":
      return role === "user" ? toImageBlock(part) : toOmittedText(part)
    case "File":
      return role === "user" ? toDocumentBlock(part) : toOmittedText(part)
    case "ToolCall":
      return paired
        ? [{ type: "tool_use", id: safeName(part.id), name: safeName(part.name), input: part.arguments }]
        : toOmittedText(part)
    case "ToolResult":
      return paired
        ? [{
          type: "tool_result",
          tool_use_id: safeName(part.id),
          ...(part.result.trim() !== "" && { content: part.result }),
          ...(part.isError && { is_error: true })
        }]
        : toOmittedText(part)
    case "Opaque":
      return Option.toArray(readBlock(part))
    case "Text":
      return toOmittedText(part)
  }
}

const toOmittedText = (part: Part): ReadonlyArray<ContentBlockParam> => [{ type: "text", text: omittedText(part) }]

/** Other vendors' ids have other characters, for which this vendor refuses the whole request. */
const safeName = (name: string): string => name.replaceAll(/[^\w-]/g, "_")

const isImageType = Schema.is(
  Schema.Literal("image/jpeg", "image/png", "image/gif", "image/webp") satisfies Schema.Schema<
    Base64ImageSource["media_type"]
  >
)

const toImageBlock = (part: ImagePart): ReadonlyArray<ContentBlockParam> => {
  const { mediaType, source } = part
  if (source._tag === "Remote") return [{ type: "image", source: { type: "url", url: source.url } }]
  return isImageType(mediaType)
    ? [{ type: "image", source: { type: "base64", media_type: mediaType, data: source.base64 } }]
    : toOmittedText(part)
}

const toDocumentBlock = (part: FilePart): ReadonlyArray<ContentBlockParam> => {
  const source = toDocumentSource(part)
  return source ? [{ type: "document", title: part.name, source }] : toOmittedText(part)
}

/** By URL, the vendor reads PDFs only. */
const toDocumentSource = ({ mediaType, source }: FilePart): DocumentBlockParam["source"] | undefined => {
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
 * A content block of the vendor, unchanged: the vendor signs some of them and checks the signature when they come back. None
 * when it cannot be read.
 */
export const readBlock = ({ data }: OpaquePart): Option.Option<ContentBlockParam> =>
  Option.filter(parseJson(data), isBlock)

const parseJson = Option.liftThrowable((data: string): unknown => JSON.parse(data))

const isBlock = (value: unknown): value is ContentBlockParam =>
  Predicate.isRecord(value) && typeof value["type"] === "string"
