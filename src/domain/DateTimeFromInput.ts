import * as DateTime from "effect/DateTime"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"

/**
 * A moment as a caller writes it: an ISO 8601 string or a `DateTime.Utc`. ISO 8601 on the wire.
 */
export const DateTimeFromInput: Schema.Schema<DateTime.Utc, DateTime.Utc | string> = Schema.transformOrFail(
  Schema.Union(Schema.DateTimeUtcFromSelf, Schema.String).annotations({ description: "an ISO 8601 date and time" }),
  Schema.DateTimeUtcFromSelf,
  {
    strict: true,
    decode: (input, _, ast) =>
      typeof input === "string"
        ? ParseResult.fromOption(
          DateTime.make(input),
          () => new ParseResult.Type(ast, input, "is not an ISO 8601 date and time")
        )
        : ParseResult.succeed(input),
    encode: (moment) => ParseResult.succeed(DateTime.formatIso(moment))
  }
)
