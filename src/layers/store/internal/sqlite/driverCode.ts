import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"

/**
 * The code that SQLite or the file system gave an error, such as `SQLITE_FULL` or `EACCES`, however many errors of
 * libraries are wrapped around it.
 */
export const driverCode = (error: unknown): Option.Option<string> => {
  if (Predicate.hasProperty(error, "code") && Predicate.isString(error.code)) return Option.some(error.code)
  return Predicate.hasProperty(error, "cause") ? driverCode(error.cause) : Option.none()
}
