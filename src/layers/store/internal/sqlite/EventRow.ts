import * as Schema from "effect/Schema"
import { TurnError } from "../../../../domain/error/TurnError.js"
import type { SessionEvent } from "../../../../domain/SessionEvent.js"
import { SessionId } from "../../../../domain/SessionId.js"
import { TurnId } from "../../../../domain/TurnId.js"
import { TurnNotice } from "../../../../domain/TurnNotice.js"
import { ContextRow } from "./ContextRow.js"
import { idColumn } from "./idColumn.js"
import { MessageRow } from "./MessageRow.js"
import { SessionRow } from "./SessionRow.js"

const turnIdColumn = idColumn(TurnId)

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
  row("TurnAccepted", { turnId: turnIdColumn }),
  row("TurnEdited", { turnId: turnIdColumn }),
  row("TurnStarted", { turnId: turnIdColumn }),
  row("TurnJoined", { turnId: turnIdColumn, into: turnIdColumn }),
  row("TurnCompleted", { turnId: turnIdColumn }),
  row("TurnStopped", { turnId: turnIdColumn }),
  row("TurnFailed", { turnId: turnIdColumn, error: Schema.parseJson(TurnError) }),
  row("TurnNoticed", { turnId: turnIdColumn, notice: Schema.parseJson(TurnNotice) }),
  row("SessionConfigured", { provider: Schema.String, model: Schema.String })
)
