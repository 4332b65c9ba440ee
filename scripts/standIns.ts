/**
 * Names that the code blocks of the documentation take from the reader's program. Only the types exist.
 */
import type { Effect, Layer, Redacted } from "effect"
import type {
  ConfigurationError,
  Middleware,
  MockProvider,
  ProviderRegistry,
  Session,
  SessionError,
  SessionManager,
  SessionStore,
  SqliteSessionStore,
  StoreError
} from "langswarm-session"
import type { PromiseSessionManager } from "langswarm-session/promise"

/** The promise API takes a text, and a provider's layer a `Redacted`. */
export declare const apiKey: Redacted.Redacted & string
export declare const token: Redacted.Redacted & string
export declare const url: string
export declare const position: string

export declare const sessions: SessionManager["Type"]
export declare const session: Session
export declare const manager: PromiseSessionManager
export declare const mock: MockProvider["Type"]

export declare const program: Effect.Effect<void, SessionError, SessionManager>
export declare const yourProgram: Effect.Effect<void, SessionError, SessionManager>
export declare const options: SqliteSessionStore.SqliteSessionStoreOptions
export declare const limits: Middleware

export declare const store: Layer.Layer<SessionStore, StoreError>
export declare const providers: Layer.Layer<ProviderRegistry, ConfigurationError>
export declare const myStore: Layer.Layer<SessionStore>
export declare const YourStore: { readonly layer: Layer.Layer<SessionStore> }

export declare const isTooLong: (prompt: unknown) => Promise<boolean>
