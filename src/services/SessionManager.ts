import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { CreateSession } from "../domain/CreateSession.js"
import type { AccessError } from "../domain/error/AccessError.js"
import type { ConfigurationError } from "../domain/error/ConfigurationError.js"
import type { SessionNotFound } from "../domain/error/SessionNotFound.js"
import type { Health } from "../domain/Health.js"
import type { Page } from "../domain/Page.js"
import type { ProviderInfo } from "../domain/ProviderInfo.js"
import type { SessionId } from "../domain/SessionId.js"
import type { SessionInfo } from "../domain/SessionInfo.js"
import type { SessionQuery } from "../domain/SessionQuery.js"
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
