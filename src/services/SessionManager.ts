import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { CreateSession } from "../domain/CreateSession.js"
import type { AccessError } from "../domain/error/AccessError.js"
import type { ConfigurationError } from "../domain/error/ConfigurationError.js"
import type { NotSupported } from "../domain/error/NotSupported.js"
import type { SessionNotFound } from "../domain/error/SessionNotFound.js"
import type { Health } from "../domain/Health.js"
import type { Page } from "../domain/Page.js"
import type { ProviderInfo } from "../domain/ProviderInfo.js"
import type { SearchHit } from "../domain/SearchHit.js"
import type { SessionId } from "../domain/SessionId.js"
import type { SessionInfo } from "../domain/SessionInfo.js"
import type { SessionQuery } from "../domain/SessionQuery.js"
import type { StoreBackup } from "../domain/StoreBackup.js"
import type { StoreOptimization } from "../domain/StoreOptimization.js"
import type { StoreStats } from "../domain/StoreStats.js"
import type { TextQuery } from "../domain/TextQuery.js"
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

  readonly health: Effect.Effect<Health, AccessError>
}>() {
  /** In process, over a host and a store. */
  static readonly layer: Layer.Layer<
    SessionManager,
    never,
    HookBus | IdGenerator | ProviderRegistry | SessionHost | SessionStore
  > = Layer.effect(SessionManager, Effect.map(localOperations, makeSessionManager))
}
