import * as Schema from "effect/Schema"
import { MessageId, SessionId, UserId } from "./Ids.js"
import { DateTimeFromInput } from "./Input.js"
import { JsonRecord } from "./Json.js"
import { pageFields } from "./Page.js"
import { ModelName, ProviderCursor, ProviderName, ProviderTarget } from "./Provider.js"
import { SessionConfig } from "./SessionConfig.js"
import { ContextPatch } from "./SessionContext.js"

/**
 * How a session is answered from now on. What is left out stays as it is.
 */
export const ConfigureSession = Schema.Struct({
  provider: Schema.optionalWith(ProviderName, { exact: true }),
  model: Schema.optionalWith(ModelName, { exact: true }),
  /** A JSON Merge Patch (RFC 7396): `null` removes a key. */
  providerConfig: Schema.optionalWith(JsonRecord, { exact: true }),
  /** In place of those there are. */
  fallbacks: Schema.optionalWith(Schema.Array(ProviderTarget).pipe(Schema.maxItems(8)), { exact: true })
})
export interface ConfigureSession extends Schema.Schema.Type<typeof ConfigureSession> {}

/**
 * What a new session needs.
 */
export const CreateSession = Schema.Struct({
  userId: UserId,
  provider: ProviderName,
  model: ModelName,
  config: Schema.optionalWith(SessionConfig, { exact: true }),
  context: Schema.optionalWith(ContextPatch, { exact: true })
})
export interface CreateSession extends Schema.Schema.Type<typeof CreateSession> {}

/**
 * Where a fork leaves its origin, and what is different in it.
 */
export const ForkSession = Schema.Struct({
  /** The last message that both share; the latest unless told. */
  at: Schema.optionalWith(MessageId, { exact: true }),
  /** The origin's unless told, as for all below. */
  userId: Schema.optionalWith(UserId, { exact: true }),
  config: Schema.optionalWith(SessionConfig, { exact: true })
})
export interface ForkSession extends Schema.Schema.Type<typeof ForkSession> {}

/**
 * How far back to go.
 */
export const RewindSession = Schema.Struct({
  /** The message that is the last one afterwards. */
  to: MessageId
})
export interface RewindSession extends Schema.Schema.Type<typeof RewindSession> {}

/**
 * `active`: takes messages, and had one lately. `idle`: takes messages, and rests. `archived`: read-only.
 * `deleted`: gone; the last state that an event reports, never seen in a list. `error`: its actor failed again and again.
 */
export const SessionStatus = Schema.Literal("active", "idle", "archived", "deleted", "error")
export type SessionStatus = typeof SessionStatus.Type

const transitions: Readonly<Record<SessionStatus, ReadonlyArray<SessionStatus>>> = {
  active: ["idle", "archived", "deleted", "error"],
  idle: ["active", "archived", "deleted", "error"],
  archived: ["active", "deleted"],
  error: ["active", "archived", "deleted"],
  deleted: []
}

/**
 * Whether a session may go from one status to another. Staying where it is is no transition.
 */
export const canTransition = (from: SessionStatus, to: SessionStatus): boolean => transitions[from].includes(to)

/**
 * Whether a session in this status takes messages.
 */
export const acceptsMessages = (status: SessionStatus): boolean => status === "active" || status === "idle"

/**
 * What a list of sessions shows of one.
 */
export const SessionInfo = Schema.Struct({
  id: SessionId,
  userId: UserId,
  provider: Schema.String,
  model: Schema.String,
  status: SessionStatus,
  config: SessionConfig,
  createdAt: Schema.DateTimeUtc,
  lastActivityAt: Schema.DateTimeUtc,
  /** Messages in the history now. */
  messageCount: Schema.NonNegativeInt,
  /** The provider's own copy of the conversation, where there is one that can be gone on with. */
  cursor: Schema.optionalWith(ProviderCursor, { exact: true }),
  /** Where its history comes from, up to and with the message of that `seq`. */
  forkedFrom: Schema.optionalWith(Schema.Struct({ sessionId: SessionId, seq: Schema.NonNegativeInt }), { exact: true })
})
export interface SessionInfo extends Schema.Schema.Type<typeof SessionInfo> {}

/**
 * Which sessions, newest first. What is left out matches all.
 */
export const SessionQuery = Schema.Struct({
  userId: Schema.optionalWith(UserId, { exact: true }),
  provider: Schema.optionalWith(Schema.String, { exact: true }),
  status: Schema.optionalWith(SessionStatus, { exact: true }),
  /** The session carries all of these. */
  tags: Schema.optionalWith(Schema.Array(Schema.String).pipe(Schema.maxItems(16)), { exact: true }),
  /** Created at this moment or later. */
  since: Schema.optionalWith(DateTimeFromInput, { exact: true }),
  ...pageFields
})
export interface SessionQuery extends Schema.Schema.Type<typeof SessionQuery> {}
