import type { Part } from "../../../domain/Part.js"

/**
 * The text among the parts of a message, as OpenTelemetry writes it down.
 */
export const textParts = (parts: ReadonlyArray<Part>) =>
  parts.flatMap((part) => (part._tag === "Text" ? [{ type: "text", content: part.text }] : []))
