import { maxTextLength } from "../../../domain/Input.js"
import type { FinishReason, Part, TokenUsage } from "../../../domain/Message.js"
import type { Attempt, TurnNotice } from "../../../domain/Turn.js"
import { ProviderEvent, type Reply } from "../../Provider.js"
import type { Target } from "./targets.js"

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

/**
 * What has become of a turn's provider calls so far. It is written while they go on, so that it is known however they end.
 */
export class CallProgress {
  /** What the last call has said. */
  fold: ReplyFold = foldReply()
  /** Whom it went to. */
  target: Target | undefined
  /** Whose prices it has. */
  vendor: string | undefined
  /** The last call, once it is over, unless it is stored already. */
  attempt: Attempt | undefined
  /** What is not stored yet. */
  notices: ReadonlyArray<TurnNotice> = []
  /** Whether the provider was to hold the conversation itself, and whether it went on with the copy it had. */
  held: { readonly goesOn: boolean } | undefined

  notice(...notices: ReadonlyArray<TurnNotice>): void {
    this.notices = [...this.notices, ...notices]
  }

  /** Hands over what is to be stored. */
  take(): { readonly attempt: Attempt | undefined; readonly notices: ReadonlyArray<TurnNotice> } {
    const { attempt, notices } = this
    this.attempt = undefined
    this.notices = []
    return { attempt, notices }
  }
}

/**
 * Whether a reply says nothing. A refusal says enough by itself, and a pause is not the end of it.
 */
export const isEmpty = ({ finishReason, parts }: Reply): boolean =>
  finishReason !== "refusal" && finishReason !== "paused" &&
  parts.every((part) => part._tag === "Opaque" || (part._tag === "Text" && part.text.trim() === ""))
