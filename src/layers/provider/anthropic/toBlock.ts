import type {
  Base64ImageSource,
  ContentBlockParam,
  DocumentBlockParam
} from "@anthropic-ai/sdk/resources/messages/messages"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { FilePart, ImagePart, Part } from "../../../domain/Part.js"
import { omittedText } from "../../../services/omittedText.js"
import { readBlock } from "./readBlock.js"

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
