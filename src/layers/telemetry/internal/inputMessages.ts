import type { Message } from "../../../domain/Message.js"
import { textParts } from "./textParts.js"

/**
 * What a provider is shown, in the format of `gen_ai.input.messages`; text only.
 */
export const inputMessages = (messages: ReadonlyArray<Message>): string =>
  JSON.stringify(messages.map(({ parts, role }) => ({ role, parts: textParts(parts) })))
