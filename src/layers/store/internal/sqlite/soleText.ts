import type { Part } from "../../../../domain/Part.js"

/**
 * The text of a message that is nothing else, as most are: stored without the part around it, which is as long as many a text.
 */
export const soleText = (parts: ReadonlyArray<typeof Part.Encoded>): string | undefined => {
  const [part] = parts
  return parts.length === 1 && part?._tag === "Text" ? part.text : undefined
}
