import * as ValidationError from "@effect/cli/ValidationError"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { SessionError } from "../domain/error/SessionError.js"

const encodeError = Schema.encodeEither(Schema.parseJson(SessionError))

/**
 * Says on standard error what went wrong and what to do: to a person in words, to a program as JSON. Usage errors have been
 * explained by then.
 */
export const reportError = (json: boolean) => (error: unknown): Effect.Effect<void> => {
  if (ValidationError.isValidationError(error)) return Effect.void
  const words = `error: ${Predicate.isError(error) ? error.message : String(error)}`
  return Console.error(
    json && Schema.is(SessionError)(error) ? Either.getOrElse(encodeError(error), () => words) : words
  )
}
