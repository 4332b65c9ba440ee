import { maxTextLength } from "../../../domain/Input.js"
import type { FinishReason, Part, TokenUsage } from "../../../domain/Message.js"
import type { Attempt, TurnNotice } from "../../../domain/Turn.js"
import { ProviderEvent, type Reply } from "../../Provider.js"
import type { Target } from "./targets.js"

/**
 * Folds a provider's events into a reply.
 */
export interface ReplyFold {
  readonly add: (event: ProviderEvent) => void
  /** The `Finished` event, once it has arrived. */
  readonly finished: () => Extract<ProviderEvent, { _tag: "Finished" }> | undefined
  /** Whether any part of the reply has arrived, shown or not. */
  readonly hasBegun: () => boolean
  /** Whether the reply exceeds the size limit of a message. The excess is dropped. */
  readonly isTooLong: () => boolean
  /** Token usage, as far as it was reported. */
  readonly usage: () => TokenUsage | undefined
  readonly requestId: () => string | undefined
  readonly notices: ReadonlyArray<TurnNotice>
  /** The reply so far. A cut reply keeps only its text, since a partial tool call is useless. */
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

/** Parts of any kind in one reply. */
const maxParts = 1024

/**
 * The state of a turn's provider calls. Written during the calls, so that it is known however they end.
 */
export class CallProgress {
  /** The reply of the last call. */
  fold: ReplyFold = foldReply()
  /** The target of the last call. */
  target: Target | undefined
  /** The vendor whose prices apply to it. */
  vendor: string | undefined
  /** The last call, once it has ended and until it is stored. */
  attempt: Attempt | undefined
  /** Notices not stored yet. */
  notices: ReadonlyArray<TurnNotice> = []
  /** Set when the provider holds the conversation, with whether the call resumed the copy it had. */
  held: { readonly isResumed: boolean } | undefined

  notice(...notices: ReadonlyArray<TurnNotice>): void {
    this.notices = [...this.notices, ...notices]
  }

  /** Removes and returns what should be stored. */
  take(): { readonly attempt: Attempt | undefined; readonly notices: ReadonlyArray<TurnNotice> } {
    const { attempt, notices } = this
    this.attempt = undefined
    this.notices = []
    return { attempt, notices }
  }
}

/**
 * Whether a reply has no content. A refusal or a pause needs none.
 */
export const isEmpty = ({ finishReason, parts }: Reply): boolean =>
  finishReason !== "refusal" && finishReason !== "paused" &&
  parts.every((part) => part._tag === "Opaque" || (part._tag === "Text" && part.text.trim() === ""))
