import * as DateTime from "effect/DateTime"
import type { Message } from "../../../../domain/Message.js"
import type { TokenUsage } from "../../../../domain/TokenUsage.js"
import { codes } from "./codes.js"
import { idToColumn } from "./idToColumn.js"
import type { MessageRow } from "./MessageRow.js"
import { soleText } from "./soleText.js"

/**
 * What `MessageRow` encodes to, at an eighth of its cost: two of these are written each turn, and what comes from an actor
 * needs no check.
 */
export const messageToRow = (message: Message): typeof MessageRow.Encoded => ({
  id: idToColumn(message.id),
  sessionId: message.sessionId,
  seq: message.seq,
  turnId: message.turnId ? idToColumn(message.turnId) : null,
  role: codes.role[message.role],
  parts: JSON.stringify(soleText(message.parts) ?? message.parts),
  createdAt: DateTime.toEpochMillis(message.createdAt),
  metadata: JSON.stringify(message.metadata),
  finishReason: message.finishReason ? codes.finishReason[message.finishReason] : null,
  providerMessageId: message.providerMessageId ?? null,
  providerMetadata: message.providerMetadata ? JSON.stringify(message.providerMetadata) : null,
  inputTokens: message.usage?.inputTokens ?? null,
  outputTokens: message.usage?.outputTokens ?? null,
  tokenDetails: message.usage ? detailsOf(message.usage) : null,
  processingTimeMs: message.processingTimeMs ?? null
})

const detailsOf = ({ cacheReadTokens, cacheWriteTokens, reasoningTokens }: TokenUsage): string | null => {
  const details = JSON.stringify({ cacheReadTokens, cacheWriteTokens, reasoningTokens })
  return details === "{}" ? null : details
}
