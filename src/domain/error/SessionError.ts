import * as Schema from "effect/Schema"
import { SessionId, TurnId } from "../Ids.js"
import { SessionStatus } from "../Session.js"
import {
  Disconnected,
  errorFields,
  InternalError,
  InvalidRequest,
  ServerBusy,
  ShuttingDown,
  Unauthorized
} from "./RequestError.js"
import { NotSupported, OwnershipLost, StoreError } from "./StoreError.js"
import { TurnError } from "./TurnError.js"

/**
 * Errors of every call. `Disconnected`, `ServerBusy` and `Unauthorized` occur only with a remote manager.
 */
export const AccessError = Schema.Union(
  Disconnected,
  InvalidRequest,
  ServerBusy,
  ShuttingDown,
  StoreError,
  Unauthorized
)
export type AccessError = typeof AccessError.Type

/**
 * The session's mailbox is full. Nothing was stored; send again after `retryAfterMs` milliseconds.
 */
export class SessionBusy extends Schema.TaggedError<SessionBusy>()("SessionBusy", {
  ...errorFields("session_busy"),
  sessionId: SessionId,
  retryAfterMs: Schema.NonNegativeInt
}) {
  override get message(): string {
    return `Session "${this.sessionId}" has too many sends waiting; try again in ${this.retryAfterMs} ms`
  }
}

/**
 * The session does not exist, or the caller may not see it.
 */
export class SessionNotFound extends Schema.TaggedError<SessionNotFound>()("SessionNotFound", {
  ...errorFields("session_not_found"),
  sessionId: SessionId
}) {
  override get message(): string {
    return `There is no session "${this.sessionId}"; it may have been deleted`
  }
}

/**
 * The session's status does not allow the operation.
 */
export class SessionStateError extends Schema.TaggedError<SessionStateError>()("SessionStateError", {
  ...errorFields("session_state"),
  sessionId: SessionId,
  status: SessionStatus,
  operation: Schema.String
}) {
  override get message(): string {
    return `Session "${this.sessionId}" is ${this.status}, which does not allow "${this.operation}"`
  }
}

/**
 * The session's actor failed. Everything acknowledged is stored, and the next call restarts the actor from the store.
 */
export class SessionUnavailable extends Schema.TaggedError<SessionUnavailable>()("SessionUnavailable", {
  ...errorFields("session_unavailable"),
  sessionId: SessionId,
  reason: Schema.String
}) {
  override get message(): string {
    return `Session "${this.sessionId}" is unavailable: ${this.reason}`
  }
}

/**
 * Errors of every call that changes a session.
 */
export const ChangeError = Schema.Union(
  AccessError,
  OwnershipLost,
  SessionBusy,
  SessionNotFound,
  SessionStateError,
  SessionUnavailable
)
export type ChangeError = typeof ChangeError.Type

/**
 * The key of a send belongs to a turn with different content. Nothing was stored.
 */
export class IdempotencyConflict extends Schema.TaggedError<IdempotencyConflict>()("IdempotencyConflict", {
  ...errorFields("idempotency_conflict"),
  sessionId: SessionId,
  turnId: TurnId
}) {
  override get message(): string {
    return `The key belongs to turn "${this.turnId}", which has different content; use another key for another message`
  }
}

/**
 * The message exceeds a limit of the session's configuration. Nothing was stored.
 */
export class LimitExceeded extends Schema.TaggedError<LimitExceeded>()("LimitExceeded", {
  ...errorFields("limit_exceeded"),
  sessionId: SessionId,
  limit: Schema.Literal("maxMessages", "maxTokensPerMessage"),
  max: Schema.NonNegativeInt,
  actual: Schema.NonNegativeInt
}) {
  override get message(): string {
    return `Session "${this.sessionId}" has ${this.limit} ${this.max}, and this would be ${this.actual}`
  }
}

/**
 * The session has no message with this id.
 */
export class MessageNotFound extends Schema.TaggedError<MessageNotFound>()("MessageNotFound", {
  ...errorFields("message_not_found"),
  sessionId: SessionId,
  messageId: Schema.String
}) {
  override get message(): string {
    return `There is no message "${this.messageId}" in session "${this.sessionId}"`
  }
}

/**
 * Errors of a send: it was not accepted, or its turn ended without a reply.
 */
export const SendError = Schema.Union(ChangeError, TurnError, IdempotencyConflict, LimitExceeded)
export type SendError = typeof SendError.Type

/**
 * The reader of a stream or a feed fell too far behind. Nothing is lost: to resume, watch from the last position, or send again with
 * the same key.
 */
export class SlowConsumer extends Schema.TaggedError<SlowConsumer>()("SlowConsumer", {
  ...errorFields("slow_consumer"),
  sessionId: SessionId
}) {
  override get message(): string {
    return `A stream of session "${this.sessionId}" was closed because its reader is too slow; resume from the last position`
  }
}

/**
 * The session has no turn with this id.
 */
export class TurnNotFound extends Schema.TaggedError<TurnNotFound>()("TurnNotFound", {
  ...errorFields("turn_not_found"),
  sessionId: SessionId,
  turnId: TurnId
}) {
  override get message(): string {
    return `Session "${this.sessionId}" has no turn "${this.turnId}"`
  }
}

/**
 * Every error of this package. Each has a `_tag`, a stable `code`, a `message` that says what to do, and the `sessionId` if there
 * is one.
 */
export const SessionError = Schema.Union(
  SendError,
  MessageNotFound,
  TurnNotFound,
  SlowConsumer,
  InternalError,
  NotSupported
)
export type SessionError = typeof SessionError.Type
