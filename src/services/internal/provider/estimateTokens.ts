import type { Part } from "../../../domain/Part.js"

const charactersPerToken = 4
/** About what vendors count for a picture of usual size. */
const tokensPerImage = 1600

/**
 * About how many tokens parts are: too rough to bill by, good enough to bound by.
 */
export const estimateTokens = (parts: ReadonlyArray<Part>): number => {
  let tokens = 0
  for (const part of parts) tokens += part._tag === "Image" ? tokensPerImage : lengthOf(part) / charactersPerToken
  return Math.ceil(tokens)
}

const lengthOf = (part: Exclude<Part, { readonly _tag: "Image" }>): number => {
  switch (part._tag) {
    case "Text":
      return part.text.length
    case "File":
      return part.source._tag === "Inline" ? part.source.base64.length / 2 : tokensPerImage * charactersPerToken
    case "ToolCall":
      return part.name.length + JSON.stringify(part.arguments).length
    case "ToolResult":
      return part.result.length
    case "Opaque":
      return part.data.length
  }
}
