import type { Message } from "../domain/Message.js"
import { partsText } from "./partsText.js"

/**
 * A message with its place in the history and its role, and in place of what it says another text if that is wanted.
 */
export const messageText = ({ finishReason, parts, role, seq }: Message, text = partsText(parts)): string =>
  `${seq} ${role}${finishReason === "cut" ? " (cut)" : ""}: ${text}`
