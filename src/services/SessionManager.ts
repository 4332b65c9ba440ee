import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Stream from "effect/Stream"
import type { Analytics, AnalyticsQuery } from "../domain/Analytics.js"
import type { DeadLetter, DeadLetterQuery, ReplayDeadLetters, ReplayOutcome } from "../domain/DeadLetter.js"
import type { ConfigurationError } from "../domain/error/RequestError.js"
import type { AccessError, ChangeError, SessionNotFound } from "../domain/error/SessionError.js"
import type { NotSupported } from "../domain/error/StoreError.js"
import type { SessionId } from "../domain/Ids.js"
import type { Page } from "../domain/Page.js"
import type { ProviderInfo } from "../domain/Provider.js"
import type { SearchHit, TextQuery } from "../domain/Search.js"
import type { CreateSession, SessionInfo, SessionQuery } from "../domain/Session.js"
import type {
  CleanupOutcome,
  CleanupSessions,
  ErasureReceipt,
  Health,
  StoreBackup,
  StoreOptimization,
  StoreStats
} from "../domain/Store.js"
import type { ExportSessions, ImportOptions, ImportOutcome, SessionExport } from "../domain/Transfer.js"
import type { HookBus } from "./HookBus.js"
import type { IdGenerator } from "./IdGenerator.js"
import { localOperations } from "./internal/localOperations.js"
import { makeSessionManager } from "./internal/makeSessionManager.js"
import type { ProviderRegistry } from "./ProviderRegistry.js"
import type { Session } from "./Session.js"
import type { SessionHost } from "./SessionHost.js"
import type { SessionStore } from "./SessionStore.js"

/**
 * Entry point to all sessions. The service and its errors are the same in process (`SessionManager.layer`) and over the wire
 * (`SessionClient.layer`).
 */
export class SessionManager extends Context.Tag("langswarm-session/services/SessionManager")<SessionManager, {
  /**
   * Creates a session. Fails with `ConfigurationError` when the provider or a fallback is not registered, when a provider
   * rejects its configuration, or when settings contradict each other.
   */
  readonly create: (
    input: typeof CreateSession.Encoded
  ) => Effect.Effect<Session, AccessError | ConfigurationError>

  /**
   * The latest session of this user, provider and model that accepts messages, or a new one. `config` and `context` apply to a
   * new one only. Concurrent calls get the same session. Fails as `create` does.
   */
  readonly getOrCreate: (
    input: typeof CreateSession.Encoded
  ) => Effect.Effect<Session, AccessError | ConfigurationError>

  /** A handle to a session. Does not check that the session exists. */
  readonly session: (id: SessionId) => Session

  /** A handle to an existing session. Fails with `SessionNotFound` when there is none. */
  readonly get: (id: string) => Effect.Effect<Session, SessionNotFound | AccessError>

  /** A user's sessions, newest first. */
  readonly list: (
    userId: string,
    query?: Omit<typeof SessionQuery.Encoded, "userId">
  ) => Effect.Effect<Page<SessionInfo>, AccessError>

  /** Matching sessions of all users, newest first. */
  readonly search: (query: typeof SessionQuery.Encoded) => Effect.Effect<Page<SessionInfo>, AccessError>

  /**
   * Full-text search over messages, and over names and descriptions of sessions, newest sessions first. A hit contains every
   * word of `text`; `"quoted words"` match as a phrase, `begin*` matches words that begin so. Other characters are ignored. A
   * page may hold fewer hits than `limit` and still have a `next`.
   *
   * Fails with `NotSupported` when the store has no search.
   */
  readonly searchMessages: (
    query: typeof TextQuery.Encoded
  ) => Effect.Effect<Page<SearchHit>, AccessError | NotSupported>

  /** Frees space that the store no longer needs, while turns run. Fails with `NotSupported` when the store cannot do that. */
  readonly optimize: Effect.Effect<StoreOptimization, AccessError | NotSupported>

  /** Contents and size of the store. Fails with `NotSupported` when the store does not measure them. */
  readonly stats: Effect.Effect<StoreStats, AccessError | NotSupported>

  /**
   * Copies all sessions to the store's backup location, while turns run. `name` is a plain name, not a path. Fails with
   * `InvalidRequest` when a backup of that name exists, and with `NotSupported` when the store makes no backups.
   */
  readonly backup: (name: string) => Effect.Effect<StoreBackup, AccessError | NotSupported>

  /** Registered providers, and what each can do. */
  readonly listProviders: Effect.Effect<ReadonlyArray<ProviderInfo>, AccessError>

  /** One registered provider. Fails with `ConfigurationError` when there is none of that name. */
  readonly providerInfo: (name: string) => Effect.Effect<ProviderInfo, AccessError | ConfigurationError>

  /** Events that hooks failed to handle after all retries, oldest failure first. */
  readonly deadLetters: (
    query?: typeof DeadLetterQuery.Encoded
  ) => Effect.Effect<Page<DeadLetter>, AccessError>

  /**
   * Delivers dead letters to their hooks again, in the same order. Default: 100 events. A dead letter that its hook handles is
   * removed. Returns once all are delivered; when interrupted, those delivered so far stay delivered.
   */
  readonly replayDeadLetters: (
    replay?: typeof ReplayDeadLetters.Encoded
  ) => Effect.Effect<ReplayOutcome, AccessError>

  /**
   * Complete records of matching sessions, newest first. Each record is a consistent snapshot. Sessions are read one at a
   * time, as the stream is consumed.
   */
  readonly exportSessions: (
    query?: typeof ExportSessions.Encoded
  ) => Stream.Stream<SessionExport, AccessError>

  /**
   * Restores an exported session. Default: under its own ids. An existing session is never changed, so an import can be
   * repeated. Fails with `InvalidRequest` and the path to the field when the record is malformed. Hooks receive
   * `SessionCreated`.
   */
  readonly importSession: (
    record: SessionExport,
    options?: typeof ImportOptions.Encoded
  ) => Effect.Effect<ImportOutcome, AccessError>

  /** Imports many records, one after the other. Stops at the first that is refused; the error's path names it. */
  readonly importSessions: <E, R>(
    records: Stream.Stream<SessionExport, E, R>,
    options?: typeof ImportOptions.Encoded
  ) => Stream.Stream<ImportOutcome, AccessError | E, R>

  /**
   * Deletes all sessions of a user, and the copies that providers hold, and returns what was deleted. Running turns are
   * interrupted. Messages shared with other users' sessions remain in those. It is safe to repeat: a repetition counts only
   * what it deletes itself.
   */
  readonly eraseUser: (userId: string) => Effect.Effect<ErasureReceipt, ChangeError>

  /** Archives or deletes inactive sessions. A session that becomes active meanwhile is skipped. */
  readonly cleanup: (cleanup: typeof CleanupSessions.Encoded) => Effect.Effect<CleanupOutcome, AccessError>

  /**
   * Usage over a period of UTC days, deleted sessions included. Default: the last 30 days, today included. The cost of the
   * query depends on the number of days, providers, models and tag sets, not on the number of messages.
   */
  readonly analytics: (query?: typeof AnalyticsQuery.Encoded) => Effect.Effect<Analytics, AccessError>

  /** Health of the runtime: its store, its providers and its load. */
  readonly health: Effect.Effect<Health, AccessError>
}>() {
  /** A manager in this process, over a host and a store. */
  static readonly layer: Layer.Layer<
    SessionManager,
    never,
    HookBus | IdGenerator | ProviderRegistry | SessionHost | SessionStore
  > = Layer.scoped(SessionManager, Effect.map(localOperations, makeSessionManager))
}
