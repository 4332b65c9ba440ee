import * as Schema from "effect/Schema"
import { cursorOf } from "../../../domain/Cursor.js"

const place = Schema.Int.pipe(Schema.between(0, 2 ** 31))

/**
 * A place among what was found: the number of the session that said it, which grows with each session, and the `seq`.
 */
export const searchCursor = cursorOf(Schema.Struct({ key: place, seq: place }))
