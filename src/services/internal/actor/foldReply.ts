import type { FinishReason } from "../../../domain/FinishReason.js"
import type { Part } from "../../../domain/Part.js"
import { maxTextLength } from "../../../domain/WellFormedText.js"
import { ProviderEvent } from "../../ProviderEvent.js"
import type { Reply } from "../../Reply.js"

/**
 * Collects a provider's events into a reply.
 */
export interface ReplyFold {
  readonly add: (event: ProviderEvent) => void
  /** Set once the provider said that it is done. */
  readonly finishReason: () => FinishReason | undefined
  /** Whether more text came than a message may have. What is over is dropped. */
  readonly isTooLong: () => boolean
  /** What has arrived so far. A reply that is cut keeps its text only: half a tool call means nothing. */
  readonly reply: (finishReason: FinishReason) => Reply
}

export const foldReply = (): ReplyFold => {
  const parts: Array<Part> = []
  let text = ""
  let length = 0
  let finished: Extract<ProviderEvent, { _tag: "Finished" }> | undefined

  const closeText = () => {
    if (text.length > 0) parts.push({ _tag: "Text", text: text.toWellFormed() })
    text = ""
  }

  const add = ProviderEvent.$match({
    TextDelta: (event) => {
      text += event.text.slice(0, Math.max(0, maxTextLength - length))
      length += event.text.length
    },
    ToolCall: ({ part }) => {
      closeText()
      parts.push(part)
    },
    Finished: (event) => {
      finished = event
    }
  })

  return {
    add,
    finishReason: () => finished?.reason,
    isTooLong: () => length > maxTextLength,
    reply: (finishReason) => {
      closeText()
      return {
        parts: finishReason === "cut" ? parts.filter((part) => part._tag === "Text") : [...parts],
        finishReason,
        metadata: {},
        ...(finished?.usage && { usage: finished.usage }),
        ...(finished?.messageId !== undefined && { providerMessageId: finished.messageId }),
        ...(finished?.metadata && { providerMetadata: finished.metadata })
      }
    }
  }
}
