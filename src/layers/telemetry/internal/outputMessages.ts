import type { ReplyFold } from "../../../services/internal/provider/foldReply.js"
import { finishReason } from "./finishReason.js"
import { textParts } from "./textParts.js"

/**
 * What a provider has said, in the format of `gen_ai.output.messages`; text only.
 */
export const outputMessages = (fold: ReplyFold): string => {
  const reason = fold.finished()?.reason ?? "cut"
  const { parts } = fold.reply(reason)
  return JSON.stringify([{ role: "assistant", parts: textParts(parts), finish_reason: finishReason(reason) }])
}
