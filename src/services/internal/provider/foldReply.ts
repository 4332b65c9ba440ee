import type { FinishReason } from "../../../domain/FinishReason.js"
import type { Part } from "../../../domain/Part.js"
import type { TokenUsage } from "../../../domain/TokenUsage.js"
import type { TurnNotice } from "../../../domain/TurnNotice.js"
import { maxTextLength } from "../../../domain/WellFormedText.js"
import { ProviderEvent } from "../../ProviderEvent.js"
import type { Reply } from "../../Reply.js"

/** Of one reply, whatever they are. */
const maxParts = 1024

/**
 * Collects a provider's events into a reply.
 */
export interface ReplyFold {
  readonly add: (event: ProviderEvent) => void
  /** Set once the provider said that it is done. */
  readonly finished: () => Extract<ProviderEvent, { _tag: "Finished" }> | undefined
  /** Whether anything of a reply has come, seen or unseen. */
  readonly hasBegun: () => boolean
  /** Whether more came than a message may have. What is over is dropped. */
  readonly isTooLong: () => boolean
  /** What the call has used, as far as that was said. */
  readonly usage: () => TokenUsage | undefined
  readonly requestId: () => string | undefined
  readonly notices: ReadonlyArray<TurnNotice>
  /** What has arrived so far. A reply that is cut keeps its text only: half a tool call means nothing. */
  readonly reply: (finishReason: FinishReason) => Reply
}

export const foldReply = (): ReplyFold => {
  const parts: Array<Part> = []
  const notices: Array<TurnNotice> = []
  let text = ""
  let length = 0
  let usage: TokenUsage | undefined
  let requestId: string | undefined
  let finished: Extract<ProviderEvent, { _tag: "Finished" }> | undefined

  const closeText = () => {
    if (text.length > 0) parts.push({ _tag: "Text", text: text.toWellFormed() })
    text = ""
  }

  const addPart = ({ part }: { readonly part: Part }) => {
    closeText()
    parts.push(part)
  }

  const add = ProviderEvent.$match({
    TextDelta: (event) => {
      text += event.text.slice(0, Math.max(0, maxTextLength - length))
      length += event.text.length
    },
    ToolCall: addPart,
    Opaque: addPart,
    Usage: (event) => {
      usage = event.usage
    },
    Identified: (event) => {
      requestId = event.requestId
    },
    Notice: ({ notice }) => {
      notices.push(notice)
    },
    Finished: (event) => {
      finished = event
      usage = event.usage ?? usage
    }
  })

  return {
    add,
    finished: () => finished,
    hasBegun: () => length > 0 || parts.length > 0,
    isTooLong: () => length > maxTextLength || parts.length > maxParts,
    usage: () => usage,
    requestId: () => requestId,
    notices,
    reply: (finishReason) => {
      closeText()
      return {
        parts: finishReason === "cut" ? parts.filter((part) => part._tag === "Text") : [...parts],
        finishReason,
        metadata: {},
        ...(usage && { usage }),
        ...(finished?.messageId !== undefined && { providerMessageId: finished.messageId }),
        ...(finished?.metadata && { providerMetadata: finished.metadata })
      }
    }
  }
}
