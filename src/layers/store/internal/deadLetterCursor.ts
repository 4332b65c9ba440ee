import * as Schema from "effect/Schema"
import { cursorOf } from "../../../domain/Cursor.js"

/**
 * A place in the list of dead letters: the key of the last one shown.
 */
export const deadLetterCursor = cursorOf(Schema.Struct({ key: Schema.NonNegativeInt }))
