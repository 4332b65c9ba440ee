import * as DateTime from "effect/DateTime"
import type { Message } from "../../../domain/Message.js"
import { codes } from "./codes.js"
import type { MessageRow } from "./MessageRow.js"

/**
 * What `MessageRow` encodes to, at an eighth of its cost: two of these are written each turn, and what comes from an actor
 * needs no check.
 */
export const messageToRow = (message: Message): typeof MessageRow.Encoded => ({
  id: message.id,
  sessionId: message.sessionId,
  seq: message.seq,
  turnId: message.turnId ?? null,
  role: codes.role[message.role],
  parts: JSON.stringify(message.parts),
  createdAt: DateTime.toEpochMillis(message.createdAt),
  metadata: JSON.stringify(message.metadata),
  finishReason: message.finishReason ? codes.finishReason[message.finishReason] : null,
  providerMessageId: message.providerMessageId ?? null,
  providerMetadata: message.providerMetadata ? JSON.stringify(message.providerMetadata) : null,
  usage: message.usage ? JSON.stringify(message.usage) : null,
  processingTimeMs: message.processingTimeMs ?? null
})
