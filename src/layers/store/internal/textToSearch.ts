import type { Part } from "../../../domain/Part.js"

/** Characters of a message that search looks at, so that a long one does not hold others up. */
const maxLength = 64 * 1024

/**
 * What search looks at of a message: its text parts, as they follow each other.
 */
export const textToSearch = (parts: ReadonlyArray<Part>): string =>
  parts.flatMap((part) => part._tag === "Text" ? [part.text] : []).join("\n").slice(0, maxLength)
