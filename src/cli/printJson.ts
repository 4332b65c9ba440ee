import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/**
 * Prints a value as one JSON document.
 */
export const printJson = <A, I>(schema: Schema.Schema<A, I>, value: A): Effect.Effect<void> =>
  Schema.encode(Schema.parseJson(schema, { space: 2 }))(value).pipe(Effect.orDie, Effect.flatMap(Console.log))
