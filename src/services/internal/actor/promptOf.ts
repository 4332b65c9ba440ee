import type { MessageContent } from "../../../domain/MessageContent.js"
import type { Prompt } from "../../../domain/Turn.js"

export const promptOf = ({ content, metadata = {} }: MessageContent): Prompt => ({
  parts: typeof content === "string" ? [{ _tag: "Text", text: content }] : content,
  metadata
})
