import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { InvalidRequest } from "../../domain/error/InvalidRequest.js"

/**
 * The door: reads what a caller passed, or says which field is wrong. Whatever a schema has read once it reads again to the
 * same value, so a server may pass on what it has decoded. An argument that is not a record of fields is called by its name.
 */
export const checkInput = <A, I>(schema: Schema.Schema<A, I>, argument?: string) => {
  const decode = Schema.decodeUnknown(schema)
  return (input: I): Effect.Effect<A, InvalidRequest> =>
    Effect.mapError(decode(input), (error) => InvalidRequest.fromParseError(error, argument))
}
