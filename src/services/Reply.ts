import type { FinishReason } from "../domain/FinishReason.js"
import type { JsonRecord } from "../domain/JsonRecord.js"
import type { Part } from "../domain/Part.js"
import type { TokenUsage } from "../domain/TokenUsage.js"

/**
 * A reply as the provider gave it: the fold of its events. Reply middleware may change it before it is stored and shown.
 */
export interface Reply {
  readonly parts: ReadonlyArray<Part>
  readonly finishReason: FinishReason
  readonly metadata: JsonRecord
  readonly usage?: TokenUsage
  readonly providerMessageId?: string
  readonly providerMetadata?: JsonRecord
}
