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
 * The door to all sessions. The same service in process (`SessionManager.layer`) and over the wire
 * (`SessionClient.layer`), with the same errors.
 */
export class SessionManager extends Context.Tag("langswarm-session/services/SessionManager")<SessionManager, {
  /**
   * Starts a session. Fails with `ConfigurationError` when no such provider is registered, for itself or for a fallback, when
   * a provider does not take its configuration, or when the configuration contradicts itself.
   */
  readonly create: (
    input: typeof CreateSession.Encoded
  ) => Effect.Effect<Session, AccessError | ConfigurationError>

  /**
   * The latest session of this user, provider and model that takes messages, or a new one; `config` and `context` are for a
   * new one only. Calls at once, from any number of callers, get the same session. Fails as `create` does.
   */
  readonly getOrCreate: (
    input: typeof CreateSession.Encoded
  ) => Effect.Effect<Session, AccessError | ConfigurationError>

  /** A handle to a session, without a look whether it exists. */
  readonly session: (id: SessionId) => Session

  /** A handle to a session that exists. */
  readonly get: (id: string) => Effect.Effect<Session, SessionNotFound | AccessError>

  /** A user's sessions, newest first. */
  readonly list: (
    userId: string,
    query?: Omit<typeof SessionQuery.Encoded, "userId">
  ) => Effect.Effect<Page<SessionInfo>, AccessError>

  /** All sessions that match, newest first. */
  readonly search: (query: typeof SessionQuery.Encoded) => Effect.Effect<Page<SessionInfo>, AccessError>

  /**
   * Full-text search over messages, and over names and descriptions of sessions, those of the sessions created last first.
   * Every word of `text` must occur; `"words in quotes"` as they stand; `begin*` begins a word. Anything else in it has no
   * meaning. A page may hold less than `limit` and have a `next` all the same.
   *
   * Fails with `NotSupported` when the store has no search.
   */
  readonly searchMessages: (
    query: typeof TextQuery.Encoded
  ) => Effect.Effect<Page<SearchHit>, AccessError | NotSupported>

  /** Gives back what the store does not need any more, while turns go on. `NotSupported` when there is no such thing. */
  readonly optimize: Effect.Effect<StoreOptimization, AccessError | NotSupported>

  /** What the store holds, and what it takes. `NotSupported` when it cannot tell. */
  readonly stats: Effect.Effect<StoreStats, AccessError | NotSupported>

  /**
   * Copies all sessions, while turns go on, to where the store keeps its backups. The name is one, and no path. Fails with
   * `InvalidRequest` when there is a backup of that name, and with `NotSupported` when the store makes none.
   */
  readonly backup: (name: string) => Effect.Effect<StoreBackup, AccessError | NotSupported>

  /** The providers that sessions can name, and what each of them can do. */
  readonly listProviders: Effect.Effect<ReadonlyArray<ProviderInfo>, AccessError>

  /** What is known of one of them. Fails with `ConfigurationError` when there is none of that name. */
  readonly providerInfo: (name: string) => Effect.Effect<ProviderInfo, AccessError | ConfigurationError>

  /** What hooks have given up on, in the order in which they did. */
  readonly deadLetters: (
    query?: typeof DeadLetterQuery.Encoded
  ) => Effect.Effect<Page<DeadLetter>, AccessError>

  /**
   * Tells hooks once more of what they have given up on, in the same order: 100 events unless told. What a hook takes now is
   * no dead letter any more. Answers once all have been told; interrupted, it has done what it has done.
   */
  readonly replayDeadLetters: (
    replay?: typeof ReplayDeadLetters.Encoded
  ) => Effect.Effect<ReplayOutcome, AccessError>

  /**
   * The sessions that match, whole, newest first: each as it is at one moment. They are read as the stream is, one at a time.
   */
  readonly exportSessions: (
    query?: typeof ExportSessions.Encoded
  ) => Stream.Stream<SessionExport, AccessError>

  /**
   * Restores a session that was exported, here or elsewhere, under its own ids unless told. A session that is there already is
   * never changed, so that an import can be repeated. Fails with `InvalidRequest`, and the path to the field, when the record
   * is not of a session. Hooks are told of it as of one that is created.
   */
  readonly importSession: (
    record: SessionExport,
    options?: typeof ImportOptions.Encoded
  ) => Effect.Effect<ImportOutcome, AccessError>

  /** The same for many, one after the other. Ends at the first that is refused, and names it in the error's path. */
  readonly importSessions: <E, R>(
    records: Stream.Stream<SessionExport, E, R>,
    options?: typeof ImportOptions.Encoded
  ) => Stream.Stream<ImportOutcome, AccessError | E, R>

  /**
   * Deletes all sessions of a user, with what providers hold of them, and answers what went. Running turns are interrupted.
   * Messages that sessions of other users share stay, as part of those. It can be repeated: what is gone is counted no more.
   */
  readonly eraseUser: (userId: string) => Effect.Effect<ErasureReceipt, ChangeError>

  /** Archives or deletes sessions that have rested. One that becomes active meanwhile is spared. */
  readonly cleanup: (cleanup: typeof CleanupSessions.Encoded) => Effect.Effect<CleanupOutcome, AccessError>

  /**
   * What was used over a period of UTC days: the last 30, today included, unless told. Sessions that were deleted are in it.
   * Costs as much as there are days, providers, models and sets of tags, however many messages there are.
   */
  readonly analytics: (query?: typeof AnalyticsQuery.Encoded) => Effect.Effect<Analytics, AccessError>

  readonly health: Effect.Effect<Health, AccessError>
}>() {
  /** In process, over a host and a store. */
  static readonly layer: Layer.Layer<
    SessionManager,
    never,
    HookBus | IdGenerator | ProviderRegistry | SessionHost | SessionStore
  > = Layer.effect(SessionManager, Effect.map(localOperations, makeSessionManager))
}
