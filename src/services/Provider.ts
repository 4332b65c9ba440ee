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
 * What comes back from a provider while it replies. What makes a part comes in the order of the parts.
 */
export type ProviderEvent = Data.TaggedEnum<{
  TextDelta: { readonly text: string }
  ToolCall: { readonly part: ToolCallPart }
  Opaque: { readonly part: OpaquePart }
  /** What the call has used so far, in place of what was said of it before: counts even if the reply breaks off. */
  Usage: { readonly usage: TokenUsage }
  /** The vendor's name of the request, as soon as it is known. */
  Identified: { readonly requestId: string }
  Notice: { readonly notice: TurnNotice }
  Finished: {
    readonly reason: Exclude<FinishReason, "cut">
    readonly usage?: TokenUsage
    readonly messageId?: string
    readonly metadata?: JsonRecord
    /** Where the provider's own copy of the conversation is, this reply included. */
    readonly cursor?: string
  }
}>

export const ProviderEvent = Data.taggedEnum<ProviderEvent>()

/**
 * One call of a provider. Turn middleware may change what it shows; what is stored stays as it is.
 */
export interface ProviderRequest {
  readonly sessionId: SessionId
  readonly turnId: TurnId
  /**
   * The latest part of the history, oldest first; the last message is the one to answer. It holds no part that the
   * provider does not take, no opaque part of another provider, and no tool call without its result.
   */
  readonly messages: ReadonlyArray<Message>
  readonly context: SessionContext
  /**
   * Present when the provider may hold the conversation itself. With `known` it has a copy already: all up to the message
   * with this `seq`. Absent: everything is in `messages`, and no copy is to be kept.
   */
  readonly hold?: { readonly known?: { readonly cursor: string; readonly seq: number } }
}

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

/**
 * A reply as the provider gave it: the fold of its events. Reply middleware may change it before it is stored and shown.
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
 * A provider, with a schema for what a session's `providerConfig` may hold.
 */
export interface ProviderDefinition<Config, Encoded> extends Omit<Provider, "checkConfig" | "configSchema" | "open"> {
  /** Keys that it does not know are left alone, so that a session can change its provider and keep its settings. */
  readonly configSchema: Schema.Schema<Config, Encoded>
  /** As in `Provider`, with the configuration as the schema reads it. */
  readonly open: (
    options: OpenOptions<Config>
  ) => Effect.Effect<ProviderSession, ConfigurationError | ProviderError, Scope.Scope>
}

/**
 * Makes a `Provider` that reads its configuration with a schema. A wrong one is refused with a `ConfigurationError` that
 * names the key, when the session is created or configured.
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
 * The line of text that stands for a part which a provider does not take: it says what was there, and not what it held.
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
