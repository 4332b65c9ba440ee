import * as DateTime from "effect/DateTime"
import type { Turn } from "../../../domain/Turn.js"
import type { TurnRow } from "./TurnRow.js"

/**
 * What `TurnRow` encodes to, for the reason that `messageToRow` has.
 */
export const turnToRow = (turn: Turn): typeof TurnRow.Encoded => ({
  id: turn.id,
  sessionId: turn.sessionId,
  ordinal: turn.ordinal,
  status: turn.status,
  prompt: turn.prompt ? JSON.stringify(turn.prompt) : null,
  acceptedAt: DateTime.toEpochMillis(turn.acceptedAt),
  startedAt: turn.startedAt ? DateTime.toEpochMillis(turn.startedAt) : null,
  endedAt: turn.endedAt ? DateTime.toEpochMillis(turn.endedAt) : null,
  promptSeq: turn.promptSeq ?? null,
  replySeq: turn.replySeq ?? null,
  errorCode: turn.errorCode ?? null
})
