import * as Either from "effect/Either"
import { InvalidRequest } from "./error/InvalidRequest.js"
import { reservedKeys } from "./internal/reservedKeys.js"

const segment = /^[A-Za-z0-9_-]{1,64}$/
const maxSegments = 16

/**
 * The segments of a path such as `user.profile.level`: 1 to 16 of them, each of up to 64 letters, digits, `-` or `_`, and
 * none that names an object's prototype.
 */
export const parseDotPath = (path: string): Either.Either<ReadonlyArray<string>, InvalidRequest> => {
  // One separator too many is enough to refuse, however long the path is.
  const segments = path.split(".", maxSegments + 1)
  if (segments.length > maxSegments) return refuse(`has more than ${maxSegments} segments`)
  if (!segments.every((name) => segment.test(name))) {
    return refuse("must be names of 1 to 64 letters, digits, '-' or '_', joined by dots")
  }
  return segments.some((name) => reservedKeys.has(name))
    ? refuse("must not name __proto__, constructor or prototype")
    : Either.right(segments)
}

const refuse = (reason: string) => Either.left(new InvalidRequest({ path: ["path"], reason }))
