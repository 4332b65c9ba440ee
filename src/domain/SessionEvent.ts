import * as Schema from "effect/Schema"
import { TurnError } from "./error/TurnError.js"
import { Message } from "./Message.js"
import { SessionContext } from "./SessionContext.js"
import { SessionId } from "./SessionId.js"
import { SessionInfo } from "./SessionInfo.js"
import { TurnId } from "./TurnId.js"

const event = <Tag extends string, Fields extends Schema.Struct.Fields>(tag: Tag, fields: Fields) =>
  Schema.TaggedStruct(tag, { sessionId: SessionId, at: Schema.DateTimeUtc, ...fields })

/**
 * What has happened to a session, after it was stored. Hooks observe these. A turn makes, in this order, `MessageSent`,
 * `TurnStarted`, and then `MessageReceived` with `TurnCompleted`, or one of `TurnFailed` and `TurnStopped`, which a
 * `MessageReceived` precedes if a part of the reply was kept.
 */
export const SessionEvent = Schema.Union(
  event("SessionCreated", { session: SessionInfo }),
  event("SessionArchived", {}),
  event("SessionDeleted", {}),
  event("SessionErrored", { reason: Schema.String }),
  event("MessageSent", { message: Message }),
  event("MessageReceived", { message: Message }),
  event("MessagesCleared", {}),
  event("ContextUpdated", { context: SessionContext }),
  event("TurnStarted", { turnId: TurnId }),
  event("TurnCompleted", { turnId: TurnId }),
  event("TurnStopped", { turnId: TurnId }),
  event("TurnFailed", { turnId: TurnId, error: TurnError })
)
export type SessionEvent = typeof SessionEvent.Type
