import * as Schema from "effect/Schema"
import { SessionId, TurnId } from "../Ids.js"
import { SessionStatus } from "../Session.js"
import { Disconnected, errorFields, InternalError, InvalidRequest, ShuttingDown, Unauthorized } from "./RequestError.js"
import { NotSupported, OwnershipLost, StoreError } from "./StoreError.js"
import { TurnError } from "./TurnError.js"

/**
 * What any call may answer, whatever it asks for. `Unauthorized` and `Disconnected` come from a remote manager only.
 */
export const AccessError = Schema.Union(Disconnected, InvalidRequest, ShuttingDown, StoreError, Unauthorized)
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
 * No session of this name can be seen by the caller.
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
 * The session's status does not allow what was asked.
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
 * The session's actor failed. What was acknowledged is stored; the next call starts it again from the store.
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
 * What any change of a session may answer.
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
 * The key of a send names a turn that was asked something else. Nothing was stored.
 */
export class IdempotencyConflict extends Schema.TaggedError<IdempotencyConflict>()("IdempotencyConflict", {
  ...errorFields("idempotency_conflict"),
  sessionId: SessionId,
  turnId: TurnId
}) {
  override get message(): string {
    return `The key belongs to turn "${this.turnId}", which was asked something else; use another key for another message`
  }
}

/**
 * The session's own configuration does not allow the message. Nothing was stored.
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
 * The session has no message of this name.
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
 * What a send may answer: it was not accepted, or its turn ended without a reply.
 */
export const SendError = Schema.Union(ChangeError, TurnError, IdempotencyConflict, LimitExceeded)
export type SendError = typeof SendError.Type

/**
 * The reader of a stream or a feed fell too far behind. Nothing is lost: watch from the last position, or send again with the
 * same key, to go on.
 */
export class SlowConsumer extends Schema.TaggedError<SlowConsumer>()("SlowConsumer", {
  ...errorFields("slow_consumer"),
  sessionId: SessionId
}) {
  override get message(): string {
    return `A stream of session "${this.sessionId}" was cut because its reader is too slow; go on from where it was left`
  }
}

/**
 * The session has no such turn.
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
 * Every error of the project. Each has a `_tag`, a stable `code`, a `message` to act on, and the `sessionId` if there is
 * one.
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
