import * as Schema from "effect/Schema"
import { cursorOf } from "../../../domain/Cursor.js"
import { SessionId } from "../../../domain/SessionId.js"

/**
 * A place in a list of sessions: when the last one shown was created, in milliseconds, and its id.
 */
export const sessionCursor = cursorOf(Schema.Struct({ createdAt: Schema.Int, id: SessionId }))
