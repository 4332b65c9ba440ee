import * as Schema from "effect/Schema"
import { Cursor } from "../Cursor.js"

/**
 * How much of a list to answer, and from where. 50 items unless told, 500 at most.
 */
export const pageFields = {
  limit: Schema.optionalWith(Schema.Int.pipe(Schema.between(1, 500)), { exact: true }),
  cursor: Schema.optionalWith(Cursor, { exact: true })
}
