import type { Part } from "../../../domain/Part.js"

/**
 * The text parts, joined.
 */
export const textOf = (parts: ReadonlyArray<Part>): string =>
  parts.map((part) => (part._tag === "Text" ? part.text : "")).join("")
