import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { ConfigurationError } from "../domain/error/ConfigurationError.js"
import type { ProviderError } from "../domain/error/ProviderError.js"
import type { JsonRecord } from "../domain/JsonRecord.js"
import type { ProviderCapabilities } from "../domain/ProviderInfo.js"
import type { SessionId } from "../domain/SessionId.js"
import type { ProviderEvent } from "./ProviderEvent.js"
import type { ProviderRequest } from "./ProviderRequest.js"

/**
 * What a session tells a provider when it first needs it.
 */
export interface OpenOptions<Config = JsonRecord> {
  readonly sessionId: SessionId
  readonly model: string
  /** The provider's `defaultConfig` under the session's `providerConfig`. */
  readonly config: Config
}

/**
 * One session's conversation with a provider.
 */
export interface ProviderSession {
  /**
   * Calls the provider, once: tries again, and asks another, are the runtime's. The stream ends with exactly one `Finished`,
   * or fails; a stream that just ends is a `ProviderProtocol` error to the runtime. Interrupting it must close the connection
   * behind it.
   */
  readonly respond: (request: ProviderRequest) => Stream.Stream<ProviderEvent, ProviderError>
}

/**
 * An adapter to a language model. `defineProvider` makes one whose configuration is checked and typed.
 */
export interface Provider {
  /** The name sessions choose it by. */
  readonly name: string
  readonly capabilities: ProviderCapabilities
  /** Whose prices its calls have, such as `openai`. Unless told they are looked up by the model alone. */
  readonly vendor?: string
  /** What a session's `providerConfig` is laid over. */
  readonly defaultConfig?: JsonRecord
  /** What `providerConfig` may hold, as a JSON Schema. */
  readonly configSchema?: JsonRecord
  /** Refuses what it may not hold, before a session is created or configured with it. */
  readonly checkConfig?: (config: JsonRecord) => Effect.Effect<void, ConfigurationError>
  /** Opens the conversation for as long as the session's actor lives. */
  readonly open: (
    options: OpenOptions
  ) => Effect.Effect<ProviderSession, ConfigurationError | ProviderError, Scope.Scope>
  /** Removes the provider's own copy of a conversation, which a `Finished.cursor` named. No error when it is gone. */
  readonly forget?: (cursor: string) => Effect.Effect<void, ProviderError>
}
