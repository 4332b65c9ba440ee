import type * as DateTime from "effect/DateTime"
import type { Message } from "../domain/Message.js"
import type { SessionContext } from "../domain/SessionContext.js"
import type { SessionMetrics } from "../domain/SessionMetrics.js"
import type { SessionStatus } from "../domain/SessionStatus.js"
import type { Turn } from "../domain/Turn.js"

/**
 * What one commit changes in a session: all of it or nothing. What is left out stays as it is.
 */
export interface SessionChanges {
  readonly status?: SessionStatus
  readonly lastActivityAt?: DateTime.Utc
  readonly context?: SessionContext
  readonly metrics?: SessionMetrics
  /** Removes all messages there are, before `messages` are added. Their `seq` is not used again. */
  readonly clearMessages?: boolean
  /** Appended. `seq` goes on where the history ends, without a gap; a commit that does not is a defect. */
  readonly messages?: ReadonlyArray<Message>
  /** Added, or put in place of the turn with the same id. */
  readonly turns?: ReadonlyArray<Turn>
}
