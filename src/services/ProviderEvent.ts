import * as Data from "effect/Data"
import type { FinishReason } from "../domain/FinishReason.js"
import type { JsonRecord } from "../domain/JsonRecord.js"
import type { ToolCallPart } from "../domain/Part.js"
import type { TokenUsage } from "../domain/TokenUsage.js"

/**
 * What comes back from a provider while it replies.
 */
export type ProviderEvent = Data.TaggedEnum<{
  TextDelta: { readonly text: string }
  ToolCall: { readonly part: ToolCallPart }
  Finished: {
    readonly reason: Exclude<FinishReason, "cut">
    readonly usage?: TokenUsage
    readonly messageId?: string
    readonly metadata?: JsonRecord
    readonly cursor?: string
  }
}>

export const ProviderEvent = Data.taggedEnum<ProviderEvent>()
