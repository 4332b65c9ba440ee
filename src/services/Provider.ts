import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { ConfigurationError } from "../domain/error/ConfigurationError.js"
import type { ProviderError } from "../domain/error/ProviderError.js"
import type { JsonRecord } from "../domain/JsonRecord.js"
import type { SessionId } from "../domain/SessionId.js"
import type { ProviderEvent } from "./ProviderEvent.js"
import type { ProviderRequest } from "./ProviderRequest.js"

/**
 * What a session tells a provider when it first needs it.
 */
export interface OpenOptions {
  readonly sessionId: SessionId
  readonly model: string
  /** The session's `providerConfig`. */
  readonly config: JsonRecord
  /** What the provider's last `Finished` event left as its own place in the conversation. */
  readonly cursor?: string
}

/**
 * One session's conversation with a provider.
 */
export interface ProviderSession {
  /**
   * Calls the provider. The stream ends with exactly one `Finished`, or fails; a stream that just ends is a
   * `ProviderProtocol` error to the runtime. Interrupting it must close the connection behind it.
   */
  readonly respond: (request: ProviderRequest) => Stream.Stream<ProviderEvent, ProviderError>
}

/**
 * An adapter to a language model.
 */
export interface Provider {
  /** The name sessions choose it by. */
  readonly name: string
  readonly capabilities: {
    /**
     * `stateless`: the history is sent with each call. `cursor`: the provider holds the conversation too, and its copy may
     * expire; the history is the truth.
     */
    readonly conversation: "stateless" | "cursor"
    readonly images: boolean
    readonly files: boolean
    readonly tools: boolean
  }
  /** Opens the conversation for as long as the session's actor lives. */
  readonly open: (
    options: OpenOptions
  ) => Effect.Effect<ProviderSession, ConfigurationError | ProviderError, Scope.Scope>
}
