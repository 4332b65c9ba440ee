import type { SessionEvent } from "../../../domain/SessionEvent.js"
import type { SessionId } from "../../../domain/SessionId.js"
import type { TurnDelta } from "../../../domain/TurnEvent.js"

/**
 * Brings what happens in sessions to those who watch at this moment. It keeps nothing: what a watcher missed is in the
 * store. It outlives the actors, so that a watcher does not notice when one of them starts again.
 */
export interface FeedHub {
  /** Never waits: a watcher that has no room left is cut off. */
  readonly publish: (id: SessionId, events: ReadonlyArray<SessionEvent | TurnDelta>) => void
  /** There are events up to this `number`, and nobody may have been told of the last ones: watchers look in the store. */
  readonly catchUp: (id: SessionId, number: number) => void
  /** The session is gone, and so is its feed. */
  readonly end: (id: SessionId) => void
}
