import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { ProviderError } from "../domain/error/ProviderError.js"
import type { ConfigurationError } from "../domain/error/RequestError.js"
import type { SessionId, TurnId } from "../domain/Ids.js"
import type { JsonRecord } from "../domain/Json.js"
import type { FinishReason, Message, OpaquePart, Part, TokenUsage, ToolCallPart } from "../domain/Message.js"
import type { ProviderCapabilities } from "../domain/Provider.js"
import type { SessionContext } from "../domain/SessionContext.js"
import type { TurnNotice } from "../domain/Turn.js"
import { decodeConfig, jsonSchemaOf } from "./internal/config.js"

/**
 * An adapter to a language model. `defineProvider` makes one with a checked and typed configuration.
 */
export interface Provider {
  /** The name that sessions choose it by. */
  readonly name: string
  readonly capabilities: ProviderCapabilities
  /** Whose prices apply to its calls, such as `openai`. Default: looked up by the model alone. */
  readonly vendor?: string
  /** Defaults for the keys of a session's `providerConfig`. */
  readonly defaultConfig?: JsonRecord
  /** The keys of `providerConfig`, as a JSON Schema. */
  readonly configSchema?: JsonRecord
  /** Checks `providerConfig` before a session is created or configured with it. */
  readonly checkConfig?: (config: JsonRecord) => Effect.Effect<void, ConfigurationError>
  /** Opens a session's conversation. The scope closes when the session's actor is passivated. */
  readonly open: (
    options: OpenOptions
  ) => Effect.Effect<ProviderSession, ConfigurationError | ProviderError, Scope.Scope>
  /** Removes the provider's copy of a conversation, named by a `Finished.cursor`. Also succeeds when it no longer exists. */
  readonly forget?: (cursor: string) => Effect.Effect<void, ProviderError>
}

/**
 * What a provider gets when a session's actor first needs it.
 */
export interface OpenOptions<Config = JsonRecord> {
  readonly sessionId: SessionId
  readonly model: string
  /** The session's `providerConfig`, merged over the provider's `defaultConfig`. */
  readonly config: Config
}

/**
 * One session's conversation with a provider.
 */
export interface ProviderSession {
  /**
   * Makes one call. Retries and fallbacks are the runtime's. The stream must end with exactly one `Finished`, or fail; the
   * runtime treats a stream that just ends as a `ProviderProtocol` error. Interrupting it must close the connection.
   */
  readonly respond: (request: ProviderRequest) => Stream.Stream<ProviderEvent, ProviderError>
}

/**
 * One call of a provider. Turn middleware may change it; the stored history stays as it is.
 */
export interface ProviderRequest {
  readonly sessionId: SessionId
  readonly turnId: TurnId
  /**
   * The latest part of the history, oldest first. The last message is the one to answer. Parts that the provider does not
   * accept, opaque parts of other providers, and tool calls without their result are removed.
   */
  readonly messages: ReadonlyArray<Message>
  readonly context: SessionContext
  /**
   * Present when the provider may hold the conversation itself. `known` names the copy that it has, up to and including the
   * message with this `seq`. When absent, `messages` holds everything and the provider must keep no copy.
   */
  readonly hold?: { readonly known?: { readonly cursor: string; readonly seq: number } }
}

/**
 * What a provider emits during a reply. Events that make up parts come in the order of the parts.
 */
export type ProviderEvent = Data.TaggedEnum<{
  TextDelta: { readonly text: string }
  ToolCall: { readonly part: ToolCallPart }
  Opaque: { readonly part: OpaquePart }
  /** Usage of the call so far. Replaces earlier counts, and counts even if the reply breaks off. */
  Usage: { readonly usage: TokenUsage }
  /** The vendor's request id, as soon as it is known. */
  Identified: { readonly requestId: string }
  Notice: { readonly notice: TurnNotice }
  Finished: {
    readonly reason: Exclude<FinishReason, "cut">
    readonly usage?: TokenUsage
    readonly messageId?: string
    readonly metadata?: JsonRecord
    /** Names the provider's own copy of the conversation, this reply included. */
    readonly cursor?: string
  }
}>

export const ProviderEvent = Data.taggedEnum<ProviderEvent>()

/**
 * A complete reply: the fold of a provider's events. Reply middleware may change it before it is stored and shown.
 */
export interface Reply {
  readonly parts: ReadonlyArray<Part>
  readonly finishReason: FinishReason
  readonly metadata: JsonRecord
  readonly usage?: TokenUsage
  readonly providerMessageId?: string
  readonly providerMetadata?: JsonRecord
}

/**
 * A provider with a schema for its `providerConfig`.
 */
export interface ProviderDefinition<Config, Encoded> extends Omit<Provider, "checkConfig" | "configSchema" | "open"> {
  /** Unknown keys are ignored, so that a session can change its provider and keep its settings. */
  readonly configSchema: Schema.Schema<Config, Encoded>
  /** As in `Provider`, with the decoded configuration. */
  readonly open: (
    options: OpenOptions<Config>
  ) => Effect.Effect<ProviderSession, ConfigurationError | ProviderError, Scope.Scope>
}

/**
 * Makes a `Provider` that decodes its configuration with a schema. Creating or configuring a session with an invalid key fails
 * with a `ConfigurationError` that names the key.
 */
export const defineProvider = <Config, Encoded extends object = JsonRecord>(
  { configSchema: schema, open, ...definition }: ProviderDefinition<Config, Encoded>
): Provider => {
  const decode = decodeConfig(schema, "providerConfig")
  const configSchema = Option.getOrUndefined(jsonSchemaOf(schema))
  return {
    ...definition,
    ...(configSchema && { configSchema }),
    checkConfig: decode,
    open: ({ config, ...options }) =>
      Effect.flatMap(decode(config, options.sessionId), (config) => open({ ...options, config }))
  }
}

/**
 * The line of text that replaces a part which a provider does not accept.
 */
export const omittedText = (part: Part): string => {
  switch (part._tag) {
    case "Text":
      return part.text
    case "Image":
      return `[An image (${part.mediaType}) was left out here.]`
    case "File":
      return `[The file "${part.name}" (${part.mediaType}) was left out here.]`
    case "ToolCall":
      return `[The tool "${part.name}" was called with ${JSON.stringify(part.arguments)}.]`
    case "ToolResult":
      return `[The tool answered: ${part.result}]`
    case "Opaque":
      return ""
  }
}
