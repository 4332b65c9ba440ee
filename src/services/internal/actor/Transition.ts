import type { SessionChanges } from "../../SessionChanges.js"
import type { SessionState } from "./SessionState.js"

/**
 * A step of a session: what to commit, and what is true once it is committed.
 */
export interface Transition {
  readonly changes: SessionChanges
  readonly next: SessionState
}
