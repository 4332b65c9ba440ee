import type { SessionId } from "../domain/SessionId.js"

/**
 * A session that has rested long enough, and what is to be done with it.
 */
export interface DueSession {
  readonly sessionId: SessionId
  readonly action: "archive" | "delete"
}
