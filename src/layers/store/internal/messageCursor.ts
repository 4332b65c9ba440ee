import * as Schema from "effect/Schema"
import { cursorOf } from "../../../domain/Cursor.js"

/**
 * A place in a history: the `seq` of the last message shown.
 */
export const messageCursor = cursorOf(Schema.Struct({ seq: Schema.NonNegativeInt }))
