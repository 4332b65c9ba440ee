import type { Epoch } from "../domain/Epoch.js"
import type { Message } from "../domain/Message.js"
import type { SessionContext } from "../domain/SessionContext.js"
import type { SessionInfo } from "../domain/SessionInfo.js"
import type { SessionMetrics } from "../domain/SessionMetrics.js"
import type { Turn } from "../domain/Turn.js"

/**
 * All that an owner needs to go on with a session where the last one left it.
 */
export interface SessionSnapshot {
  readonly epoch: Epoch
  readonly session: SessionInfo
  readonly context: SessionContext
  readonly metrics: SessionMetrics
  /** Highest `seq` ever used; 0 before the first message. */
  readonly lastSeq: number
  /** Highest turn `ordinal` ever used; 0 before the first turn. */
  readonly lastOrdinal: number
  /** Highest event `number` ever used; at least 1, the session's creation. */
  readonly lastEvent: number
  /** Hooks have been told of all events up to this `number`; after `create` what that was told. */
  readonly delivered: number
  /** The latest messages of the history, oldest first, as many as were asked for. */
  readonly window: ReadonlyArray<Message>
  /** Turns that are not ended, in order. */
  readonly openTurns: ReadonlyArray<Turn>
}
