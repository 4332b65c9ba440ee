import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"

/** `Date` reads much more, such as "1" or "March 7", each in a way of its own. */
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
 * A moment as a caller writes it: an ISO 8601 date, with a time and an offset if need be (UTC unless told), or a
 * `DateTime.Utc`. ISO 8601 on the wire.
 */
export const DateTimeFromInput: Schema.Schema<DateTime.Utc, DateTime.Utc | string> = Schema.transformOrFail(
  Schema.Union(Schema.DateTimeUtcFromSelf, Schema.String).annotations({ description: "an ISO 8601 date and time" }),
  Schema.DateTimeUtcFromSelf,
  {
    strict: true,
    decode: (input, _, ast) =>
      typeof input === "string"
        ? ParseResult.fromOption(
          parse(input),
          () => new ParseResult.Type(ast, input, "is not an ISO 8601 date and time")
        )
        : ParseResult.succeed(input),
    encode: (moment) => ParseResult.succeed(DateTime.formatIso(moment))
  }
)
