import type { Part } from "../domain/Part.js"

/**
 * The line of text that stands for a part which a provider does not take: it says what was there, and not what it held.
 */
export const omittedText = (part: Part): string => {
  switch (part._tag) {
    case "Text":
      return part.text
    case "Image":
      return `[An image (${part.mediaType}) was left out here.]`
    case "File":
      return `[The file "${part.name}" (${part.mediaType}) was left out here.]`
    case "ToolCall":
      return `[The tool "${part.name}" was called with ${JSON.stringify(part.arguments)}.]`
    case "ToolResult":
      return `[The tool answered: ${part.result}]`
    case "Opaque":
      return ""
  }
}
