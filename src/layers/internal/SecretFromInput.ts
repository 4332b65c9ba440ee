import * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"

const isSecret = (input: unknown): input is Redacted.Redacted =>
  Redacted.isRedacted(input) && Predicate.isString(Redacted.value(input))

/**
 * A secret: a text of a configuration file, or one that is redacted already. It is never encoded to a text again.
 */
export const SecretFromInput: Schema.Schema<Redacted.Redacted, Redacted.Redacted | string> = Schema.transformOrFail(
  Schema.declare((input): input is Redacted.Redacted | string => Predicate.isString(input) || isSecret(input), {
    description: "a text, or a Redacted text",
    jsonSchema: { type: "string" }
  }),
  Schema.declare(isSecret),
  {
    strict: true,
    decode: (input) => ParseResult.succeed(Predicate.isString(input) ? Redacted.make(input) : input),
    encode: ParseResult.succeed
  }
)
