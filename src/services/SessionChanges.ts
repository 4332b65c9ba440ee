import type * as DateTime from "effect/DateTime"
import type { Message } from "../domain/Message.js"
import type { ProviderCursor } from "../domain/ProviderCursor.js"
import type { SessionContext } from "../domain/SessionContext.js"
import type { SessionEvent } from "../domain/SessionEvent.js"
import type { SessionInfo } from "../domain/SessionInfo.js"
import type { SessionMetrics } from "../domain/SessionMetrics.js"
import type { SessionStatus } from "../domain/SessionStatus.js"
import type { Turn } from "../domain/Turn.js"
import type { UsageEntry } from "../domain/UsageEntry.js"

/**
 * What one commit changes in a session: all of it or nothing. What is left out stays as it is.
 */
export interface SessionChanges {
  readonly status?: SessionStatus
  readonly lastActivityAt?: DateTime.Utc
  /**
   * How the session is answered from now on. Its tags and the times after which it is archived and deleted are as before.
   * `SessionCreated` goes on to tell what there was at first.
   */
  readonly configuration?: Pick<SessionInfo, "config" | "model" | "provider">
  /** The provider's own copy of the conversation; null when there is none any more that can be gone on with. */
  readonly cursor?: ProviderCursor | null
  /** A new version. The earlier ones are kept, each from the `seq` that was the last when it came. */
  readonly context?: SessionContext
  readonly metrics?: SessionMetrics
  /** Removes all messages there are, rewound ones too, before `messages` are added. Their `seq` is not used again. */
  readonly clearMessages?: boolean
  /**
   * Takes the messages after this `seq` out of the history, before `messages` are added. They can still be read, and their
   * `seq` is not used again.
   */
  readonly rewindTo?: number
  /** Appended. `seq` goes on where the last message ends, without a gap; a commit that does not is a defect. */
  readonly messages?: ReadonlyArray<Message>
  /** Added, or put in place of the turn with the same id. */
  readonly turns?: ReadonlyArray<Turn>
  /** Appended. `number` goes on where the last event ends, without a gap; a commit that does not is a defect. */
  readonly events?: ReadonlyArray<SessionEvent>
  /** Added to the rollups of the session's user and tags. */
  readonly usage?: ReadonlyArray<UsageEntry>
  /** Hooks have been told of all events up to this `number`. */
  readonly delivered?: number
}
