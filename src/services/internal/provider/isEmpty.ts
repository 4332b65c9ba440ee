import type { Reply } from "../../Reply.js"

/**
 * Whether a reply says nothing. A refusal says enough by itself, and a pause is not the end of it.
 */
export const isEmpty = ({ finishReason, parts }: Reply): boolean =>
  finishReason !== "refusal" && finishReason !== "paused" &&
  parts.every((part) => part._tag === "Opaque" || (part._tag === "Text" && part.text.trim() === ""))
