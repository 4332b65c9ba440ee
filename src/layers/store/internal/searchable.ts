import type { Part } from "../../../domain/Message.js"

/**
 * What search looks at of a session itself, if there is anything.
 */
export const nameToSearch = (name?: string | null, description?: string | null): string =>
  [name, description].filter((text) => text !== undefined && text !== null).join("\n")

/** Characters of a message that search looks at, so that a long one does not hold others up. */
const maxLength = 64 * 1024

/**
 * What search looks at of a message: its text parts, as they follow each other.
 */
export const textToSearch = (parts: ReadonlyArray<Part>): string =>
  parts.flatMap((part) => part._tag === "Text" ? [part.text] : []).join("\n").slice(0, maxLength)
