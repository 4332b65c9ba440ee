import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { type Analytics, type AnalyticsQuery, UsageEntry } from "../domain/Analytics.js"
import { DeadLetter, type DeadLetterQuery } from "../domain/DeadLetter.js"
import type { InvalidRequest } from "../domain/error/RequestError.js"
import type { MessageNotFound, SessionNotFound } from "../domain/error/SessionError.js"
import type { OwnershipLost, StoreError } from "../domain/error/StoreError.js"
import { SessionEvent } from "../domain/Events.js"
import type { BackupName, Epoch, IdempotencyKey, MessageId, SessionId, TurnId, UserId } from "../domain/Ids.js"
import { Message, type MessageQuery } from "../domain/Message.js"
import type { Page } from "../domain/Page.js"
import { ProviderCursor } from "../domain/Provider.js"
import type { SearchHit, TextQuery } from "../domain/Search.js"
import { SessionInfo, type SessionQuery, SessionStatus } from "../domain/Session.js"
import { SessionContext } from "../domain/SessionContext.js"
import { SessionMetrics } from "../domain/SessionMetrics.js"
import type { Durability, Health, StoreBackup, StoreOptimization, StoreStats } from "../domain/Store.js"
import type { SessionExport } from "../domain/Transfer.js"
import { Turn } from "../domain/Turn.js"

/**
 * A session that has rested long enough, and what is to be done with it.
 */
export interface ExpiringSession {
  readonly sessionId: SessionId
  readonly action: "archive" | "delete"
}

/**
 * What there is in a store because of one session.
 */
export interface SessionFootprint {
  /** Messages that no other session shares, and that go with it. */
  readonly messages: number
  /** Messages that stay, since sessions of other users share them. Not counted while another session of the same user does. */
  readonly sharedMessages: number
  readonly turns: number
}

/**
 * What went with a session that was erased.
 */
export interface ErasedSession extends SessionFootprint {
  /** Whether its provider has removed its own copy of the conversation. Absent when it held none. */
  readonly isForgotten?: boolean
}

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
  /** Those of these events that a hook has given up on. One that is there already stays as it is. */
  readonly deadLetters?: ReadonlyArray<DeadLetter>
}

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

/**
 * `SessionChanges` as JSON, for a store that writes down what it commits.
 */
export const SessionChangesFromJson = Schema.Struct(
  {
    status: optional(SessionStatus),
    lastActivityAt: optional(Schema.DateTimeUtc),
    configuration: optional(SessionInfo.pick("config", "model", "provider")),
    cursor: optional(Schema.NullOr(ProviderCursor)),
    context: optional(SessionContext),
    metrics: optional(SessionMetrics),
    clearMessages: optional(Schema.Boolean),
    rewindTo: optional(Schema.NonNegativeInt),
    messages: optional(Schema.Array(Message)),
    turns: optional(Schema.Array(Turn)),
    events: optional(Schema.Array(SessionEvent)),
    usage: optional(Schema.Array(UsageEntry)),
    delivered: optional(Schema.NonNegativeInt),
    deadLetters: optional(Schema.Array(DeadLetter))
  } satisfies Record<keyof SessionChanges, unknown>
)

/**
 * What is kept of a session that was deleted until hooks have been told: the event itself.
 */
export const SessionDeletion = SessionEvent.pipe(
  Schema.filter((event): event is Extract<SessionEvent, { readonly _tag: "SessionDeleted" }> =>
    event._tag === "SessionDeleted"
  )
)
export type SessionDeletion = typeof SessionDeletion.Type

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

/**
 * What may be done for a store while it is used, as far as it can. Nothing of it changes what the store answers.
 */
export interface StoreMaintenance {
  /** Gives back what is not used, in steps between which turns go on. */
  readonly optimize?: Effect.Effect<StoreOptimization, StoreError>

  readonly stats: Effect.Effect<StoreStats, StoreError>

  /**
   * Copies all there is while turns go on. There is a backup once it is complete, and never a part of one. Fails with
   * `InvalidRequest` when there is one of that name.
   */
  readonly backup?: (name: BackupName) => Effect.Effect<StoreBackup, InvalidRequest | StoreError>
}

/**
 * Keeps sessions. Small on purpose: a store is done when it passes the conformance suite of `langswarm-session/testing`.
 *
 * Reads are of committed state. A change is one `commit`, by the owner that the last `open` made; whoever opened before it
 * is refused, so that two owners can never interleave a history.
 */
export class SessionStore extends Context.Tag("langswarm-session/services/SessionStore")<SessionStore, {
  /** What an acknowledged commit survives. */
  readonly durability: Durability

  /**
   * Adds a session with no messages, and `SessionCreated` as its first event, at `createdAt`. Adding the same id twice is a
   * defect: ids come from `IdGenerator`. `delivered` is 0 when hooks are to be told of that event, and 1 unless told.
   */
  readonly create: (session: SessionInfo, context: SessionContext, delivered?: 0 | 1) => Effect.Effect<void, StoreError>

  /**
   * Adds a session whose history begins with that of `origin`, up to and with the message of this `seq`, as it is now;
   * rewound messages are not part of it. What happens to the one later, removal included, is not seen in the other. Its own
   * messages go on with `seq + 1`.
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
   * The context as it was before the message after this `seq` came; the oldest there is for a `seq` before that. A fork
   * knows the versions that its origin had.
   */
  readonly contextAt: (id: SessionId, seq: number) => Effect.Effect<SessionContext, SessionNotFound | StoreError>
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

  /** The message with this `seq`, rewound or not. */
  readonly messageAt: (
    id: SessionId,
    seq: number
  ) => Effect.Effect<Option.Option<Message>, SessionNotFound | StoreError>

  /** The session's turns, the latest first, at most `limit`. */
  readonly turns: (
    id: SessionId,
    limit: number
  ) => Effect.Effect<ReadonlyArray<Turn>, SessionNotFound | StoreError>

  readonly turn: (id: SessionId, turnId: TurnId) => Effect.Effect<Option.Option<Turn>, SessionNotFound | StoreError>

  /** The turn that a send with this key made, for at least 24 hours after that. */
  readonly turnByKey: (
    id: SessionId,
    key: IdempotencyKey
  ) => Effect.Effect<Option.Option<Turn>, SessionNotFound | StoreError>

  /**
   * The events after `number`, oldest first, at most `limit`. A `MessageSent` or `MessageReceived` whose message has been
   * cleared is left out.
   */
  readonly events: (
    id: SessionId,
    number: number,
    limit: number
  ) => Effect.Effect<ReadonlyArray<SessionEvent>, SessionNotFound | StoreError>

  /** Takes ownership: every later `commit` with a lower epoch answers `OwnershipLost`. Reads the last `window` messages. */
  readonly open: (id: SessionId, window: number) => Effect.Effect<SessionSnapshot, SessionNotFound | StoreError>

  /** Stores all of the changes, or nothing. */
  readonly commit: (
    id: SessionId,
    epoch: Epoch,
    changes: SessionChanges
  ) => Effect.Effect<void, OwnershipLost | SessionNotFound | StoreError>

  /**
   * Removes the session with all that belongs to it, its dead letters too. Does nothing when it is gone already. With
   * `deletion`, what that says of it is kept, in the same step, until hooks have been told.
   */
  readonly remove: (
    id: SessionId,
    epoch: Epoch,
    deletion?: SessionDeletion
  ) => Effect.Effect<void, OwnershipLost | StoreError>

  /** The whole session as it is at one moment, however long it takes to read, and whatever happens to it meanwhile. */
  readonly export: (id: SessionId) => Effect.Effect<SessionExport, SessionNotFound | StoreError>

  /**
   * Adds a session as it was exported, all of it or nothing, with `SessionCreated` as its first event, and no owner. What is
   * shared in a fork is its own here. Adds `usage` to the rollups, and nothing for the start of the session beside.
   * `delivered` as in `create`. Answers false, and changes nothing, when there is a session with this id.
   */
  readonly restore: (
    record: SessionExport,
    usage: ReadonlyArray<UsageEntry>,
    delivered?: 0 | 1
  ) => Effect.Effect<boolean, StoreError>

  /** Makes what a user has used nobody's: it counts for all users together, and for none. Answers of how many days it was. */
  readonly removeUsageOf: (userId: UserId) => Effect.Effect<number, StoreError>

  /** Sessions in one of these states, without open turns, last active before `before`, the longest rest first. */
  readonly resting: (
    before: DateTime.Utc,
    statuses: ReadonlyArray<SessionStatus>,
    limit: number
  ) => Effect.Effect<ReadonlyArray<SessionId>, StoreError>

  /** What would go with the session if it was removed now, and what would stay. */
  readonly footprint: (id: SessionId) => Effect.Effect<SessionFootprint, SessionNotFound | StoreError>

  /** Once this has succeeded, nothing that was removed before can be found where the store keeps its sessions. */
  readonly purge: Effect.Effect<void, StoreError>

  /** Sessions that have a turn which is not ended, or an event that hooks may not have been told of. */
  readonly unfinished: Effect.Effect<ReadonlyArray<SessionId>, StoreError>

  /**
   * Sessions without open turns that have rested for as long as their configuration allows: to be archived after
   * `autoArchiveAfter` or `sessionTimeoutMinutes`, to be deleted after `autoDeleteAfter`. At most `limit`.
   */
  readonly expiring: (now: DateTime.Utc, limit: number) => Effect.Effect<ReadonlyArray<ExpiringSession>, StoreError>

  /**
   * What was used over a period, from sums that are kept with each commit. `create` and `fork` count a session, and what a
   * commit adds is in its `usage`. To remove sessions takes nothing away.
   */
  readonly analytics: (query: AnalyticsQuery) => Effect.Effect<Analytics, StoreError>
  /** Deletions that hooks have not been told of, the oldest first, at most `limit`. */
  readonly deletions: (limit: number) => Effect.Effect<ReadonlyArray<SessionDeletion>, StoreError>

  /** A deletion that hooks have not been told of, or that a dead letter is about. */
  readonly deletion: (id: SessionId) => Effect.Effect<Option.Option<SessionDeletion>, StoreError>

  /**
   * Hooks have been told of a deletion, and these have given it up: without any it is forgotten, else once its last dead
   * letter is. Does nothing when it has been done before.
   */
  readonly settleDeletion: (
    id: SessionId,
    deadLetters: ReadonlyArray<DeadLetter>
  ) => Effect.Effect<void, StoreError>

  /** In the order in which they came. Of each hook the latest 10,000 are kept. */
  readonly deadLetters: (query: DeadLetterQuery) => Effect.Effect<Page<DeadLetter>, InvalidRequest | StoreError>

  /** Puts a dead letter in the place of the one of the same hook and event, if that is still there. */
  readonly updateDeadLetter: (letter: DeadLetter) => Effect.Effect<void, StoreError>

  /** Does nothing when it is gone already. */
  readonly removeDeadLetter: (letter: DeadLetter) => Effect.Effect<void, StoreError>

  readonly health: Effect.Effect<Health["store"]>

  /**
   * Full-text search, where a store has it. Finds what was committed before, in the histories as they are now, and names
   * and descriptions of sessions; what several sessions share once, in one that matches. `termsOf` says what matches. The
   * sessions created last come first, and in each what was said last. A page may hold less than `limit`, or nothing, and
   * yet have a `next`, so that none takes long.
   */
  readonly search?: (query: TextQuery) => Effect.Effect<Page<SearchHit>, InvalidRequest | StoreError>

  /** Maintenance, where a store has it. */
  readonly maintenance?: StoreMaintenance
}>() {}
