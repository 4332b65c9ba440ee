import * as Schema from "effect/Schema"
import { MessageId, SessionId, UserId } from "./Ids.js"
import { DateTimeFromInput } from "./Input.js"
import { JsonRecord } from "./Json.js"
import { pageFields } from "./Page.js"
import { ModelName, ProviderCursor, ProviderName, ProviderTarget } from "./Provider.js"
import { SessionConfig } from "./SessionConfig.js"
import { ContextPatch } from "./SessionContext.js"

/**
 * `active`: accepts messages and had recent activity. `idle`: accepts messages and is inactive. `archived`: read-only. `error`:
 * its actor failed repeatedly. `deleted`: no longer exists; only the last event reports it, never a list.
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
 * Whether a session may change from one status to another. Staying in the same status is not a transition.
 */
export const canTransition = (from: SessionStatus, to: SessionStatus): boolean => transitions[from].includes(to)

/**
 * Whether a session with this status accepts messages.
 */
export const acceptsMessages = (status: SessionStatus): boolean => status === "active" || status === "idle"

/**
 * A session as a list shows it.
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
  /** Messages in the history. */
  messageCount: Schema.NonNegativeInt,
  /** The provider's own copy of the conversation, if it has one that can be resumed. */
  cursor: Schema.optionalWith(ProviderCursor, { exact: true }),
  /** The session it was forked from, and the `seq` of the last message they share. */
  forkedFrom: Schema.optionalWith(Schema.Struct({ sessionId: SessionId, seq: Schema.NonNegativeInt }), { exact: true })
})
export interface SessionInfo extends Schema.Schema.Type<typeof SessionInfo> {}

/**
 * Which sessions to list, newest first. An absent filter matches everything.
 */
export const SessionQuery = Schema.Struct({
  userId: Schema.optionalWith(UserId, { exact: true }),
  provider: Schema.optionalWith(Schema.String, { exact: true }),
  status: Schema.optionalWith(SessionStatus, { exact: true }),
  /** Sessions that have all of these tags. */
  tags: Schema.optionalWith(Schema.Array(Schema.String).pipe(Schema.maxItems(16)), { exact: true }),
  /** Created at this time or later. */
  since: Schema.optionalWith(DateTimeFromInput, { exact: true }),
  ...pageFields
})
export interface SessionQuery extends Schema.Schema.Type<typeof SessionQuery> {}

/**
 * A new session.
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
 * A change of the provider settings, for the turns that start from now on. Absent fields stay as they are.
 */
export const ConfigureSession = Schema.Struct({
  provider: Schema.optionalWith(ProviderName, { exact: true }),
  model: Schema.optionalWith(ModelName, { exact: true }),
  /** A JSON Merge Patch (RFC 7396): `null` removes a key. */
  providerConfig: Schema.optionalWith(JsonRecord, { exact: true }),
  /** Replaces the list of fallbacks. */
  fallbacks: Schema.optionalWith(Schema.Array(ProviderTarget).pipe(Schema.maxItems(8)), { exact: true })
})
export interface ConfigureSession extends Schema.Schema.Type<typeof ConfigureSession> {}

/**
 * Where to fork a session, and what differs in the fork.
 */
export const ForkSession = Schema.Struct({
  /** The last message that both share. Default: the latest message. */
  at: Schema.optionalWith(MessageId, { exact: true }),
  /** Default: the owner of the original. */
  userId: Schema.optionalWith(UserId, { exact: true }),
  /** Merged into the configuration of the original. */
  config: Schema.optionalWith(SessionConfig, { exact: true })
})
export interface ForkSession extends Schema.Schema.Type<typeof ForkSession> {}

/**
 * How far to rewind a session.
 */
export const RewindSession = Schema.Struct({
  /** The message that becomes the last one. */
  to: MessageId
})
export interface RewindSession extends Schema.Schema.Type<typeof RewindSession> {}
