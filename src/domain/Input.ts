import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"

const isoTime = "a time in ISO 8601, such as 2026-03-01T12:00:00Z"

/** `Date` also accepts inputs such as "1" or "March 7", depending on the engine. */
const iso8601 = /^((\d{4}|[+-]\d{6})-(\d{2})-(\d{2}))(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})?)?$/

/** `Date` reads February 30 as March 1. */
const isInCalendar = (date: string, year: string, month: string, day: string): boolean =>
  Option.exists(DateTime.make(date), (moment) => {
    const parts = DateTime.toPartsUtc(moment)
    return parts.year === Number(year) && parts.month === Number(month) && parts.day === Number(day)
  })

const parse = (input: string): Option.Option<DateTime.Utc> => {
  const [, date = "", year = "", month = "", day = ""] = iso8601.exec(input) ?? []
  return isInCalendar(date, year, month, day) ? DateTime.make(input) : Option.none()
}

/**
 * A time as an application passes it: a `DateTime.Utc`, or an ISO 8601 date with an optional time and an optional offset
 * (default: UTC). Encoded as ISO 8601.
 */
export const DateTimeFromInput: Schema.Schema<DateTime.Utc, DateTime.Utc | string> = Schema.transformOrFail(
  Schema.Union(Schema.DateTimeUtcFromSelf, Schema.String).annotations({ description: isoTime }),
  Schema.DateTimeUtcFromSelf,
  {
    strict: true,
    decode: (input, _, ast) =>
      typeof input === "string"
        ? ParseResult.fromOption(
          parse(input),
          () => new ParseResult.Type(ast, input, `must be ${isoTime}`)
        )
        : ParseResult.succeed(input),
    encode: (moment) => ParseResult.succeed(DateTime.formatIso(moment))
  }
)

/** Effect decodes NaN as 0, and JSON cannot represent an infinite duration. */
const isDurationInput = (input: unknown): input is Duration.DurationInput =>
  !Number.isNaN(input) && Option.exists(Duration.decodeUnknown(input), Duration.isFinite)

/**
 * A finite duration as an application passes it: a `Duration`, text such as `"7 days"`, or a number of milliseconds. Encoded as
 * milliseconds.
 */
export const DurationFromInput: Schema.Schema<Duration.Duration, Duration.DurationInput> = Schema.transformOrFail(
  Schema.declare(isDurationInput, {
    description: "a duration such as \"7 days\", or a number of milliseconds",
    jsonSchema: { type: ["string", "number"] }
  }),
  Schema.DurationFromSelf,
  {
    strict: true,
    decode: (input) => ParseResult.succeed(Duration.decode(input)),
    encode: (duration) => ParseResult.succeed(Duration.toMillis(duration))
  }
)

/**
 * The same, and at least 1 ms: what is shorter is a mistake, and no timer can keep it.
 */
export const TimeSpan: Schema.Schema<Duration.Duration, Duration.DurationInput> = DurationFromInput.pipe(
  Schema.filter(Duration.greaterThanOrEqualTo(Duration.millis(1)), { message: () => "must be at least 1 ms" })
)

/**
 * A least age. 0 is any age.
 */
export const Age: Schema.Schema<Duration.Duration, Duration.DurationInput> = DurationFromInput.pipe(
  Schema.filter((age) => Duration.isZero(age) || Duration.greaterThanOrEqualTo(age, Duration.millis(1)), {
    message: () => "must be 0, or at least 1 ms"
  })
)

/**
 * A name or description on one line, of at most `maxLength` characters. Refuses control characters, which terminals and databases
 * interpret, and lone surrogates, which UTF-8 cannot represent.
 */
export const ShortText = (maxLength: number) =>
  Schema.String.pipe(
    Schema.maxLength(maxLength),
    Schema.pattern(/^[^\p{Cc}\p{Cs}]*$/u, { description: "text without control characters or lone surrogates" })
  )

/** Maximum characters of one text of a message. */
export const maxTextLength = 256 * 1024

/**
 * Text of a message: at most 256 Ki characters. Lone surrogates become U+FFFD, because UTF-8 cannot represent them.
 */
export const WellFormedText = Schema.transform(
  Schema.String,
  Schema.String.pipe(Schema.maxLength(maxTextLength)),
  { strict: true, decode: (text) => text.toWellFormed(), encode: (text) => text }
)
