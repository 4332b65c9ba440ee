import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Analytics, AnalyticsQuery } from "../domain/Analytics.js"
import type { DeadLetter, DeadLetterQuery } from "../domain/DeadLetter.js"
import type { InvalidRequest } from "../domain/error/RequestError.js"
import type { MessageNotFound, SessionNotFound } from "../domain/error/SessionError.js"
import type { OwnershipLost, StoreError } from "../domain/error/StoreError.js"
import { SessionEvent } from "../domain/Events.js"
import type { BackupName, Epoch, IdempotencyKey, MessageId, SessionId, TurnId, UserId } from "../domain/Ids.js"
import type { Message, MessageQuery } from "../domain/Message.js"
import type { Page } from "../domain/Page.js"
import type { UsageEntry } from "../domain/Rollup.js"
import type { SearchHit, TextQuery } from "../domain/Search.js"
import type { SessionInfo, SessionQuery, SessionStatus } from "../domain/Session.js"
import type { SessionContext } from "../domain/SessionContext.js"
import type { SessionMetrics } from "../domain/SessionMetrics.js"
import type { Durability, Health, StoreBackup, StoreOptimization, StoreStats } from "../domain/Store.js"
import type { SessionExport } from "../domain/Transfer.js"
import type { Turn } from "../domain/Turn.js"
import type { SessionChanges } from "./SessionChanges.js"

/**
 * A session that has been idle long enough, and the action its configuration asks for.
 */
export interface ExpiringSession {
  readonly sessionId: SessionId
  readonly action: "archive" | "delete"
}

/**
 * What a store holds because of one session.
 */
export interface SessionFootprint {
  /** Messages that no other session shares. They are removed with the session. */
  readonly messages: number
  /** Messages that stay, since only sessions of other users share them. */
  readonly sharedMessages: number
  readonly turns: number
}

/**
 * What was removed with an erased session.
 */
export interface ErasedSession extends SessionFootprint {
  /** Whether the provider has removed its own copy of the conversation. Absent when it held none. */
  readonly isForgotten?: boolean
}

/**
 * What a store keeps of a deleted session until hooks have been notified: the event.
 */
export const SessionDeletion = SessionEvent.pipe(
  Schema.filter((event): event is Extract<SessionEvent, { readonly _tag: "SessionDeleted" }> =>
    event._tag === "SessionDeleted"
  )
)
export type SessionDeletion = typeof SessionDeletion.Type

/**
 * Everything an owner needs to resume a session.
 */
export interface SessionSnapshot {
  readonly epoch: Epoch
  readonly session: SessionInfo
  readonly context: SessionContext
  readonly metrics: SessionMetrics
  /** The highest `seq` ever used; 0 before the first message. */
  readonly lastSeq: number
  /** The highest turn `ordinal` ever used; 0 before the first turn. */
  readonly lastOrdinal: number
  /** The highest event `number` ever used; at least 1, for the session's creation. */
  readonly lastEvent: number
  /** Hooks have been notified of all events up to this `number`. After `create`, its `delivered`. */
  readonly delivered: number
  /** The latest messages of the history, oldest first, at most as many as requested. */
  readonly window: ReadonlyArray<Message>
  /** Turns without a terminal status, by ordinal. */
  readonly openTurns: ReadonlyArray<Turn>
}

/**
 * Maintenance of a store in use, as far as the store supports it. It never changes the result of any other operation.
 */
export interface StoreMaintenance {
  /** Frees unused space, in short steps, so that turns continue meanwhile. */
  readonly optimize?: Effect.Effect<StoreOptimization, StoreError>

  readonly stats: Effect.Effect<StoreStats, StoreError>

  /**
   * Copies the whole store while turns continue. A backup appears once it is complete, never partially. Fails with
   * `InvalidRequest` when a backup of this name exists.
   */
  readonly backup?: (name: BackupName) => Effect.Effect<StoreBackup, InvalidRequest | StoreError>
}

/**
 * The port of session storage. It is small on purpose: a store is done when it passes the conformance suite of
 * `langswarm-session/testing`.
 *
 * Reads return committed state. Every change is one `commit` by the session's owner: the caller of the latest `open`. Earlier
 * owners are refused, so two owners can never interleave a history.
 */
export class SessionStore extends Context.Tag("langswarm-session/services/SessionStore")<SessionStore, {
  /** What an acknowledged commit survives: `memory`, `process`, `disk` or `replicated`. */
  readonly durability: Durability

  /**
   * Adds a session without messages, with `SessionCreated` as its first event, at `createdAt`. An existing id is a defect,
   * since ids come from `IdGenerator`. `delivered` is 0 when hooks must be notified of that event. Default: 1.
   */
  readonly create: (session: SessionInfo, context: SessionContext, delivered?: 0 | 1) => Effect.Effect<void, StoreError>

  /**
   * Adds a session whose history begins with the current history of `origin`, up to and including the message with this
   * `seq`, without rewound messages. Later changes of either session, removal included, do not affect the other. The first
   * new message has `seq + 1`.
   */
  readonly fork: (
    origin: SessionId,
    seq: number,
    session: SessionInfo,
    context: SessionContext,
    delivered?: 0 | 1
  ) => Effect.Effect<void, SessionNotFound | StoreError>

  readonly get: (id: SessionId) => Effect.Effect<SessionInfo, SessionNotFound | StoreError>
  readonly context: (id: SessionId) => Effect.Effect<SessionContext, SessionNotFound | StoreError>

  /**
   * The context just before the message after this `seq` was added; the oldest version for an earlier `seq`. A fork includes
   * the versions of its origin.
   */
  readonly contextAt: (id: SessionId, seq: number) => Effect.Effect<SessionContext, SessionNotFound | StoreError>
  readonly metrics: (id: SessionId) => Effect.Effect<SessionMetrics, SessionNotFound | StoreError>

  /** Newest first, in pages that end as those of `messages`. */
  readonly list: (query: SessionQuery) => Effect.Effect<Page<SessionInfo>, InvalidRequest | StoreError>

  /** By `seq`, oldest first by default. A page ends before its messages take more than `maxPageBytes`; one always comes. */
  readonly messages: (
    id: SessionId,
    query: MessageQuery
  ) => Effect.Effect<Page<Message>, InvalidRequest | SessionNotFound | StoreError>

  readonly message: (
    id: SessionId,
    messageId: MessageId
  ) => Effect.Effect<Message, MessageNotFound | SessionNotFound | StoreError>

  /** The message with this `seq`, rewound or not. */
  readonly messageAt: (
    id: SessionId,
    seq: number
  ) => Effect.Effect<Option.Option<Message>, SessionNotFound | StoreError>

  /** The session's turns, latest first, at most `limit`, and no more than fit into `maxPageBytes`; one always comes. */
  readonly turns: (
    id: SessionId,
    limit: number
  ) => Effect.Effect<ReadonlyArray<Turn>, SessionNotFound | StoreError>

  readonly turn: (id: SessionId, turnId: TurnId) => Effect.Effect<Option.Option<Turn>, SessionNotFound | StoreError>

  /** The turn of a send with this key, for at least 24 hours after the send. */
  readonly turnByKey: (
    id: SessionId,
    key: IdempotencyKey
  ) => Effect.Effect<Option.Option<Turn>, SessionNotFound | StoreError>

  /**
   * The events after `number`, oldest first, at most `limit`, without the `MessageSent` and `MessageReceived` of cleared
   * messages. Ends before they take more than `maxEventBytes`; one always comes. Only an empty result means that all were read.
   */
  readonly events: (
    id: SessionId,
    number: number,
    limit: number
  ) => Effect.Effect<ReadonlyArray<SessionEvent>, SessionNotFound | StoreError>

  /**
   * Takes ownership: every later `commit` with a lower epoch fails with `OwnershipLost`. Reads the last `window` messages.
   */
  readonly open: (id: SessionId, window: number) => Effect.Effect<SessionSnapshot, SessionNotFound | StoreError>

  /** Stores all changes, or none. Fails with `OwnershipLost` when another owner has opened the session since. */
  readonly commit: (
    id: SessionId,
    epoch: Epoch,
    changes: SessionChanges
  ) => Effect.Effect<void, OwnershipLost | SessionNotFound | StoreError>

  /**
   * Removes the session with everything that belongs to it, its dead letters included. Does nothing when there is no such
   * session. `deletion` is stored in the same step, and kept until hooks have been notified.
   */
  readonly remove: (
    id: SessionId,
    epoch: Epoch,
    deletion?: SessionDeletion
  ) => Effect.Effect<void, OwnershipLost | StoreError>

  /** The whole session, as one snapshot: changes during the export are not part of it. */
  readonly export: (id: SessionId) => Effect.Effect<SessionExport, SessionNotFound | StoreError>

  /**
   * Adds an exported session, all of it or nothing, with `SessionCreated` as its first event and without an owner. A fork
   * becomes independent of its origin. Adds `usage` to the rollups, and does not count the session's start in addition.
   * `delivered` is as in `create`. Returns false, and changes nothing, when the id exists.
   */
  readonly restore: (
    record: SessionExport,
    usage: ReadonlyArray<UsageEntry>,
    delivered?: 0 | 1
  ) => Effect.Effect<boolean, StoreError>

  /** Removes a user's usage from the rollups of users; the totals keep it. Returns the number of days with usage. */
  readonly removeUsageOf: (userId: UserId) => Effect.Effect<number, StoreError>

  /** Sessions in one of these states, without open turns, last active before `before`, longest idle first. */
  readonly idle: (
    before: DateTime.Utc,
    statuses: ReadonlyArray<SessionStatus>,
    limit: number
  ) => Effect.Effect<ReadonlyArray<SessionId>, StoreError>

  /** What would be removed with the session now, and what would stay. */
  readonly footprint: (id: SessionId) => Effect.Effect<SessionFootprint, SessionNotFound | StoreError>

  /** Erases removed data: afterwards the files or memory of the store hold nothing that was removed before. */
  readonly purge: Effect.Effect<void, StoreError>

  /** Sessions with an open turn, or with an event that hooks may not have been notified of. */
  readonly unfinished: Effect.Effect<ReadonlyArray<SessionId>, StoreError>

  /**
   * Sessions without open turns that have been idle for as long as their configuration allows: `archive` after
   * `autoArchiveAfter` or `sessionTimeoutMinutes`, `delete` after `autoDeleteAfter`. At most `limit`.
   */
  readonly expiring: (now: DateTime.Utc, limit: number) => Effect.Effect<ReadonlyArray<ExpiringSession>, StoreError>

  /**
   * Usage over a period, from rollups that are updated in the same transaction. `create` and `fork` count a session, a commit
   * adds its `usage`. Removing a session subtracts nothing.
   */
  readonly analytics: (query: AnalyticsQuery) => Effect.Effect<Analytics, StoreError>

  /** Deletions that hooks have not been notified of, oldest first, at most `limit`. */
  readonly deletions: (limit: number) => Effect.Effect<ReadonlyArray<SessionDeletion>, StoreError>

  /** A deletion that hooks have not been notified of, or that has a dead letter. */
  readonly deletion: (id: SessionId) => Effect.Effect<Option.Option<SessionDeletion>, StoreError>

  /**
   * Records that hooks have been notified of a deletion, with the dead letters of those that failed. Without any, the deletion
   * is removed; otherwise with its last dead letter. Does nothing the second time.
   */
  readonly settleDeletion: (
    id: SessionId,
    deadLetters: ReadonlyArray<DeadLetter>
  ) => Effect.Effect<void, StoreError>

  /** Oldest first. Each hook keeps its latest 10,000 dead letters. */
  readonly deadLetters: (query: DeadLetterQuery) => Effect.Effect<Page<DeadLetter>, InvalidRequest | StoreError>

  /** Replaces the dead letter of the same hook and event. Does nothing when there is none. */
  readonly updateDeadLetter: (letter: DeadLetter) => Effect.Effect<void, StoreError>

  /** Does nothing when there is no such dead letter. */
  readonly removeDeadLetter: (letter: DeadLetter) => Effect.Effect<void, StoreError>

  /** Never fails: a store that cannot be used reports `ok: false`. */
  readonly health: Effect.Effect<Health["store"]>

  /**
   * Fails if a commit would fail now. It makes a write that changes nothing an operation returns, or relies on one of the last
   * 10 seconds, with none failing since. Default: a commit is expected to succeed while `health` is `ok`.
   */
  readonly checkWritable?: Effect.Effect<void, StoreError>

  /**
   * Full-text search, where the store supports it. Finds committed messages of the current histories, and names and
   * descriptions of sessions. A message that several sessions share is one hit, in a session that matches. `toSearchTerms` defines
   * what matches. Newest sessions first, and latest messages first in each. To bound the time of a page, it may hold fewer
   * items than `limit`, or none, and still have a `next`.
   */
  readonly search?: (query: TextQuery) => Effect.Effect<Page<SearchHit>, InvalidRequest | StoreError>

  /** Maintenance, where the store supports it. */
  readonly maintenance?: StoreMaintenance
}>() {}
