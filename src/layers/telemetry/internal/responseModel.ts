import type { ReplyFold } from "../../../services/internal/provider/foldReply.js"

/**
 * Which model has answered, where the vendor says so: adapters tell it as `model` of a reply's metadata.
 */
export const responseModel = (fold: ReplyFold): string | undefined => {
  const model = fold.finished()?.metadata?.["model"]
  return typeof model === "string" ? model : undefined
}
