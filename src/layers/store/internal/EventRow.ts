import * as Schema from "effect/Schema"
import { TurnError } from "../../../domain/error/TurnError.js"
import type { SessionEvent } from "../../../domain/SessionEvent.js"
import { SessionId } from "../../../domain/SessionId.js"
import { TurnId } from "../../../domain/TurnId.js"
import { ContextRow } from "./ContextRow.js"
import { MessageRow } from "./MessageRow.js"
import { SessionRow } from "./SessionRow.js"

const row = <Tag extends SessionEvent["_tag"], Fields extends Schema.Struct.Fields>(tag: Tag, fields: Fields) =>
  Schema.TaggedStruct(tag, {
    sessionId: SessionId,
    number: Schema.Positive.pipe(Schema.int()),
    at: Schema.DateTimeUtcFromNumber,
    ...fields
  })

/**
 * An event with the columns of what it refers to.
 */
export const EventRow = Schema.Union(
  row("SessionCreated", { session: SessionRow }),
  row("SessionArchived", {}),
  row("SessionReactivated", {}),
  row("SessionErrored", { reason: Schema.String }),
  row("MessageSent", { message: MessageRow }),
  row("MessageReceived", { message: MessageRow }),
  row("MessagesCleared", {}),
  row("MessagesRewound", { to: Schema.NonNegativeInt }),
  row("ContextUpdated", ContextRow.fields),
  row("TurnAccepted", { turnId: TurnId }),
  row("TurnEdited", { turnId: TurnId }),
  row("TurnStarted", { turnId: TurnId }),
  row("TurnJoined", { turnId: TurnId, into: TurnId }),
  row("TurnCompleted", { turnId: TurnId }),
  row("TurnStopped", { turnId: TurnId }),
  row("TurnFailed", { turnId: TurnId, error: Schema.parseJson(TurnError) })
)
