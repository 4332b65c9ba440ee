import * as Schema from "effect/Schema"
import { Attempt } from "../../../../domain/Attempt.js"

const AttemptEntry = Schema.Struct({ ...Attempt.fields, startedAt: Schema.DateTimeUtcFromNumber })

/**
 * The column of a turn's attempts.
 */
export const attemptsColumn = Schema.parseJson(Schema.NonEmptyArray(AttemptEntry))
