import type * as DateTime from "effect/DateTime"
import type { SessionId } from "../../../domain/SessionId.js"
import type { TurnId } from "../../../domain/TurnId.js"
import type { UserId } from "../../../domain/UserId.js"
import type { TextAnalysis } from "./TextAnalysis.js"

/**
 * What analytics tells of one message, and never what it said.
 */
export interface MessageAnalysis extends TextAnalysis {
  readonly sessionId: SessionId
  readonly turnId: TurnId
  readonly userId: UserId
  readonly role: "user" | "assistant"
  /** Whoever was called last; of a turn without a call, the session's own. */
  readonly provider: string
  readonly model: string
  /** A question: when it was accepted. A reply: when its turn had ended. */
  readonly at: DateTime.Utc
  /** As the function given for it says: of questions only. Absent when it failed, or took too long. */
  readonly intent?: string
  /** Likewise. */
  readonly sentiment?: string
}
