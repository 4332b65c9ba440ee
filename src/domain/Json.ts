import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import type * as AST from "effect/SchemaAST"

/**
 * Any JSON value.
 */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | ReadonlyArray<JsonValue>
  | JsonObject

/**
 * An object of JSON values. `JsonRecord` is its schema.
 */
export interface JsonObject {
  readonly [key: string]: JsonValue
}

/**
 * Keys that give access to an object's prototype instead of its data.
 */
export const reservedKeys: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"])

const maxDepth = 16
const maxValues = 2048
const maxTextLength = 64 * 1024

/**
 * A deep copy of a JSON object, or the reason why the input is not one. The copy shares nothing with the input, so that no later
 * change of the input, and no getter or `toJSON` in it, affects what is stored.
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
        if (!Number.isFinite(value)) throw new Refused("holds a number that JSON cannot represent")
        return value
      case "object":
        if (value === null) return null
        // `map` would keep the holes of a sparse array, and visit each of them.
        return Array.isArray(value) ? Array.from(value, (item) => copy(item, depth + 1)) : copyObject(value, depth)
      default:
        throw new Refused(`holds a value of type ${typeof value}, which JSON cannot represent`)
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
    // Anything else was thrown by a getter in the input.
    catch: (error) => error instanceof Refused ? error.reason : "cannot be read"
  })
}

class Refused {
  constructor(readonly reason: string) {}
}

/**
 * Free-form JSON data: metadata, context, provider settings.
 */
export type JsonRecord = JsonObject

const normalize = () => (input: unknown, _: AST.ParseOptions, ast: AST.AST) =>
  Either.mapLeft(normalizeJson(input), (reason) => new ParseResult.Type(ast, input, reason))

/**
 * Accepts only a plain JSON object, of at most 16 levels, 2048 values and 64 Ki characters. Refuses the keys `__proto__`,
 * `constructor` and `prototype` at any depth (`Schema.Record` would replace the prototype). Lone surrogates become U+FFFD, because
 * UTF-8 cannot represent them.
 */
export const JsonRecord: Schema.Schema<JsonRecord> = Schema.declare(
  [],
  { decode: normalize, encode: normalize },
  { identifier: "JsonRecord", description: "a plain JSON object", jsonSchema: { type: "object" } }
)

/** Whether a JSON value is an object. */
export const isRecord = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/**
 * Applies a JSON Merge Patch (RFC 7396). Both sides must have been decoded with `JsonRecord`, so that no key is a reserved one.
 */
export const mergePatch = (target: JsonObject, patch: JsonObject): JsonObject => {
  const merged: Record<string, JsonValue> = { ...target }
  for (const [key, value] of Object.entries(patch)) {
    const current = merged[key]
    if (value === null) delete merged[key]
    else merged[key] = isRecord(value) ? mergePatch(isRecord(current) ? current : {}, value) : value
  }
  return merged
}
