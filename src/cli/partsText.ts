import type { Part } from "../domain/Part.js"

/**
 * Parts as one text, those that are none by their names.
 */
export const partsText = (parts: ReadonlyArray<Part>): string => {
  const texts = parts.map((part) => (part._tag === "Text" ? part.text : "")).join("")
  const others = parts.filter((part) => part._tag !== "Text").map((part) => `[${part._tag}]`)
  return [texts, ...others].filter((text) => text !== "").join(" ")
}
