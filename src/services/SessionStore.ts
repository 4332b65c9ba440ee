import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import type * as Effect from "effect/Effect"
import type { Durability } from "../domain/Durability.js"
import type { Epoch } from "../domain/Epoch.js"
import type { InvalidRequest } from "../domain/error/InvalidRequest.js"
import type { MessageNotFound } from "../domain/error/MessageNotFound.js"
import type { OwnershipLost } from "../domain/error/OwnershipLost.js"
import type { SessionNotFound } from "../domain/error/SessionNotFound.js"
import type { StoreError } from "../domain/error/StoreError.js"
import type { Health } from "../domain/Health.js"
import type { Message } from "../domain/Message.js"
import type { MessageId } from "../domain/MessageId.js"
import type { MessageQuery } from "../domain/MessageQuery.js"
import type { Page } from "../domain/Page.js"
import type { SessionContext } from "../domain/SessionContext.js"
import type { SessionId } from "../domain/SessionId.js"
import type { SessionInfo } from "../domain/SessionInfo.js"
import type { SessionMetrics } from "../domain/SessionMetrics.js"
import type { SessionQuery } from "../domain/SessionQuery.js"
import type { SessionStatus } from "../domain/SessionStatus.js"
import type { Turn } from "../domain/Turn.js"
import type { SessionChanges } from "./SessionChanges.js"
import type { SessionSnapshot } from "./SessionSnapshot.js"

/**
 * Keeps sessions. Small on purpose: a store is done when it passes the conformance suite of `langswarm-session/testing`.
 *
 * Reads are of committed state. A change is one `commit`, by the owner that the last `open` made; whoever opened before it
 * is refused, so that two owners can never interleave a history.
 */
export class SessionStore extends Context.Tag("langswarm-session/services/SessionStore")<SessionStore, {
  /** What an acknowledged commit survives. */
  readonly durability: Durability

  /** Adds a session with no messages. Adding the same id twice is a defect: ids come from `IdGenerator`. */
  readonly create: (session: SessionInfo, context: SessionContext) => Effect.Effect<void, StoreError>

  readonly get: (id: SessionId) => Effect.Effect<SessionInfo, SessionNotFound | StoreError>
  readonly context: (id: SessionId) => Effect.Effect<SessionContext, SessionNotFound | StoreError>
  readonly metrics: (id: SessionId) => Effect.Effect<SessionMetrics, SessionNotFound | StoreError>

  /** Newest first. */
  readonly list: (query: SessionQuery) => Effect.Effect<Page<SessionInfo>, InvalidRequest | StoreError>

  /** By `seq`. */
  readonly messages: (
    id: SessionId,
    query: MessageQuery
  ) => Effect.Effect<Page<Message>, InvalidRequest | SessionNotFound | StoreError>

  readonly message: (
    id: SessionId,
    messageId: MessageId
  ) => Effect.Effect<Message, MessageNotFound | SessionNotFound | StoreError>

  /** The session's turns, the latest first, at most `limit`. */
  readonly turns: (
    id: SessionId,
    limit: number
  ) => Effect.Effect<ReadonlyArray<Turn>, SessionNotFound | StoreError>

  /** Takes ownership: every later `commit` with a lower epoch answers `OwnershipLost`. Reads the last `window` messages. */
  readonly open: (id: SessionId, window: number) => Effect.Effect<SessionSnapshot, SessionNotFound | StoreError>

  /** Stores all of the changes, or nothing. */
  readonly commit: (
    id: SessionId,
    epoch: Epoch,
    changes: SessionChanges
  ) => Effect.Effect<void, OwnershipLost | SessionNotFound | StoreError>

  /** Removes the session with all that belongs to it. Does nothing when it is gone already. */
  readonly remove: (id: SessionId, epoch: Epoch) => Effect.Effect<void, OwnershipLost | StoreError>

  /** Removes the sessions without open turns that were last active before `before`, and answers how many. */
  readonly cleanup: (before: DateTime.Utc, status?: SessionStatus) => Effect.Effect<number, StoreError>

  /** Sessions that have a turn which is not ended. */
  readonly unfinished: Effect.Effect<ReadonlyArray<SessionId>, StoreError>

  readonly health: Effect.Effect<Health["store"]>
}>() {}
