import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/**
 * A column that is NULL where the field is absent.
 */
export const nullable = <A, I>(column: Schema.Schema<A, I>) =>
  Schema.requiredToOptional(Schema.NullOr(column), Schema.typeSchema(column), {
    decode: (value) => value === null ? Option.none() : Option.some(value),
    encode: Option.getOrNull
  })
