import type * as DateTime from "effect/DateTime"
import type { TurnError } from "../../../domain/error/TurnError.js"
import type { Message } from "../../../domain/Message.js"
import type { Turn, TurnStatus } from "../../../domain/Turn.js"

/**
 * The one terminal record of a turn.
 */
export const endedTurn = (
  turn: Turn,
  error: TurnError | undefined,
  now: DateTime.Utc,
  reply?: Message
): Turn => {
  const { draft: _, fallback: __, ...rest } = turn
  return {
    ...rest,
    status: statusAfter(error),
    endedAt: now,
    ...(reply && { replySeq: reply.seq }),
    ...(error && { error })
  }
}

const statusAfter = (error: TurnError | undefined): TurnStatus => {
  switch (error?._tag) {
    case undefined:
      return "completed"
    case "TurnInterrupted":
      return "interrupted"
    case "TurnStopped":
      return "stopped"
    default:
      return "failed"
  }
}
