import * as Either from "effect/Either"
import type { JsonObject, JsonValue } from "../JsonValue.js"
import { reservedKeys } from "./reservedKeys.js"

const maxDepth = 16
const maxValues = 2048
const maxTextLength = 64 * 1024

/**
 * A clean copy of a JSON object, or the reason why it is none. The copy shares nothing with the input, so that no later
 * change of the input, and no getter or `toJSON` in it, can reach what is stored.
 */
export const normalizeJson = (input: unknown): Either.Either<JsonObject, string> => {
  let values = 0
  let textLength = 0

  const text = (value: string): string => {
    textLength += value.length
    if (textLength > maxTextLength) throw new Refused(`holds more than ${maxTextLength} characters of text`)
    return value.toWellFormed()
  }

  const copy = (value: unknown, depth: number): JsonValue => {
    if (depth > maxDepth) throw new Refused(`is nested more than ${maxDepth} levels deep`)
    if (++values > maxValues) throw new Refused(`holds more than ${maxValues} values`)
    switch (typeof value) {
      case "string":
        return text(value)
      case "boolean":
        return value
      case "number":
        if (!Number.isFinite(value)) throw new Refused("holds a number that JSON cannot say")
        return value
      case "object":
        if (value === null) return null
        // Not `map`, which would keep the holes of a sparse array, and count through all of them.
        return Array.isArray(value) ? Array.from(value, (item) => copy(item, depth + 1)) : copyObject(value, depth)
      default:
        throw new Refused(`holds a value of type ${typeof value}, which JSON cannot say`)
    }
  }

  const copyObject = (value: object, depth: number): JsonObject => {
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype !== null && prototype !== Object.prototype) throw new Refused("holds an object that is not plain")
    const entries = Object.entries(value).map(([key, item]): [string, JsonValue] => {
      if (reservedKeys.has(key)) throw new Refused(`holds the reserved key "${key}"`)
      return [text(key), copy(item, depth + 1)]
    })
    return Object.fromEntries(entries)
  }

  if (typeof input !== "object" || input === null || Array.isArray(input)) return Either.left("is not a JSON object")
  return Either.try({
    try: () => copyObject(input, 1),
    // Anything else was thrown by a getter of the input.
    catch: (error) => error instanceof Refused ? error.reason : "cannot be read"
  })
}

class Refused {
  constructor(readonly reason: string) {}
}
