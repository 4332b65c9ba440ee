import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"

/** Effect would read NaN as 0, and JSON cannot say an infinite duration. */
const isDurationInput = (input: unknown): input is Duration.DurationInput =>
  !Number.isNaN(input) && Option.exists(Duration.decodeUnknown(input), Duration.isFinite)

/**
 * A finite length of time as a person writes it: `"7 days"`, a `Duration`, or a number of milliseconds. Milliseconds on the
 * wire.
 */
export const DurationFromInput: Schema.Schema<Duration.Duration, Duration.DurationInput> = Schema.transformOrFail(
  Schema.declare(isDurationInput, {
    description: "a duration such as \"7 days\", or milliseconds",
    jsonSchema: { type: ["string", "number"] }
  }),
  Schema.DurationFromSelf,
  {
    strict: true,
    decode: (input) => ParseResult.succeed(Duration.decode(input)),
    encode: (duration) => ParseResult.succeed(Duration.toMillis(duration))
  }
)
