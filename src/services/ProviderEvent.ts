import * as Data from "effect/Data"
import type { FinishReason } from "../domain/FinishReason.js"
import type { JsonRecord } from "../domain/JsonRecord.js"
import type { OpaquePart, ToolCallPart } from "../domain/Part.js"
import type { TokenUsage } from "../domain/TokenUsage.js"
import type { TurnNotice } from "../domain/TurnNotice.js"

/**
 * What comes back from a provider while it replies. What makes a part comes in the order of the parts.
 */
export type ProviderEvent = Data.TaggedEnum<{
  TextDelta: { readonly text: string }
  ToolCall: { readonly part: ToolCallPart }
  Opaque: { readonly part: OpaquePart }
  /** What the call has used so far, in place of what was said of it before: counts even if the reply breaks off. */
  Usage: { readonly usage: TokenUsage }
  /** The vendor's name of the request, as soon as it is known. */
  Identified: { readonly requestId: string }
  Notice: { readonly notice: TurnNotice }
  Finished: {
    readonly reason: Exclude<FinishReason, "cut">
    readonly usage?: TokenUsage
    readonly messageId?: string
    readonly metadata?: JsonRecord
    /** Where the provider's own copy of the conversation is, this reply included. */
    readonly cursor?: string
  }
}>

export const ProviderEvent = Data.taggedEnum<ProviderEvent>()
