import type { Part } from "../../../domain/Message.js"
import type { SessionConfig } from "../../../domain/SessionConfig.js"

/**
 * The text that search indexes of a session itself: its name and its description.
 */
export const nameToSearch = (name?: string | null, description?: string | null): string =>
  [name, description].filter((text) => text !== undefined && text !== null).join("\n")

/**
 * Whether there is anything to index of a session itself.
 */
export const hasNameToSearch = ({ description, name }: SessionConfig): boolean => nameToSearch(name, description) !== ""

/** Characters of a message that search indexes, so that a long message does not hold up others. */
const maxLength = 64 * 1024

/**
 * The text that search indexes of a message: its text parts, in order.
 */
export const textToSearch = (parts: ReadonlyArray<Part>): string =>
  parts.flatMap((part) => part._tag === "Text" ? [part.text] : []).join("\n").slice(0, maxLength)
