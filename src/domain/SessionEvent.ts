import * as Schema from "effect/Schema"
import { TurnError } from "./error/TurnError.js"
import { Message } from "./Message.js"
import { SessionContext } from "./SessionContext.js"
import { SessionId } from "./SessionId.js"
import { SessionInfo } from "./SessionInfo.js"
import { TurnId } from "./TurnId.js"
import { TurnNotice } from "./TurnNotice.js"
import { UserId } from "./UserId.js"

const event = <Tag extends string, Fields extends Schema.Struct.Fields>(tag: Tag, fields: Fields) =>
  Schema.TaggedStruct(tag, {
    sessionId: SessionId,
    /** Place among the session's events: 1, 2, 3, ... Together with the session's id it names the event. */
    number: Schema.Positive.pipe(Schema.int()),
    at: Schema.DateTimeUtc,
    ...fields
  })

/**
 * What has happened to a session, stored with the change itself. Watchers and hooks are told of it afterwards. A turn makes,
 * in this order, `TurnAccepted`, `MessageSent`, `TurnStarted`, and then `MessageReceived` with `TurnCompleted`, or one of
 * `TurnFailed` and `TurnStopped`, which a `MessageReceived` precedes if a part of the reply was kept. A turn that never
 * starts lacks what is in between, and one that joins another has `TurnJoined` in place of `TurnStarted`. What else is worth
 * knowing of it comes as `TurnNoticed`, before its end. With each `TurnStarted` the text of the reply begins anew; it comes
 * again when a later process calls the provider again.
 */
export const SessionEvent = Schema.Union(
  event("SessionCreated", { session: SessionInfo }),
  event("SessionArchived", {}),
  event("SessionReactivated", {}),
  event("SessionErrored", { reason: Schema.String }),
  /** The last event. It says whose session that was, since nothing else can any more; stores keep it for hooks only. */
  event("SessionDeleted", { userId: UserId, provider: Schema.String }),
  event("MessageSent", { message: Message }),
  event("MessageReceived", { message: Message }),
  event("MessagesCleared", {}),
  /** The messages after this `seq` have left the history. */
  event("MessagesRewound", { to: Schema.NonNegativeInt }),
  event("ContextUpdated", { context: SessionContext }),
  event("TurnAccepted", { turnId: TurnId }),
  event("TurnEdited", { turnId: TurnId }),
  event("TurnStarted", { turnId: TurnId }),
  event("TurnJoined", { turnId: TurnId, into: TurnId }),
  event("TurnCompleted", { turnId: TurnId }),
  event("TurnStopped", { turnId: TurnId }),
  event("TurnFailed", { turnId: TurnId, error: TurnError }),
  event("TurnNoticed", { turnId: TurnId, notice: TurnNotice }),
  event("SessionConfigured", { provider: Schema.String, model: Schema.String })
)
export type SessionEvent = typeof SessionEvent.Type
