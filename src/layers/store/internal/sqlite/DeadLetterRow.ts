import * as Schema from "effect/Schema"
import { DeadLetter } from "../../../../domain/DeadLetter.js"

/**
 * A row of `dead_letters`.
 */
export const DeadLetterRow = Schema.Struct({ ...DeadLetter.fields, at: Schema.DateTimeUtcFromNumber })
