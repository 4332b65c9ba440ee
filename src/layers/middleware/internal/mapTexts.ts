import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type { JsonObject, JsonValue } from "../../../domain/JsonValue.js"
import type { Part } from "../../../domain/Part.js"

type Change<E> = (text: string) => Effect.Effect<string, E>

/**
 * Changes all that can be read of a part: text, file names, tool results, and the strings in a tool call's arguments, but
 * not their keys. What only the vendor reads stays as it is.
 */
export const mapTexts = <P extends Part, E>(
  parts: ReadonlyArray<P>,
  change: Change<E>
): Effect.Effect<ReadonlyArray<P>, E> => Effect.forEach(parts, (part) => mapPart(part, change))

const mapPart = <P extends Part, E>(part: P, change: Change<E>): Effect.Effect<P, E> => {
  switch (part._tag) {
    case "Text":
      return Effect.map(change(part.text), (text) => ({ ...part, text }))
    case "File":
      return Effect.map(change(part.name), (name) => ({ ...part, name }))
    case "ToolResult":
      return Effect.map(change(part.result), (result) => ({ ...part, result }))
    case "ToolCall":
      return Effect.map(mapObject(part.arguments, change), (args) => ({ ...part, arguments: args }))
    case "Opaque":
      return part.text === undefined
        ? Effect.succeed(part)
        : Effect.map(change(part.text), (text) => ({ ...part, text }))
    case "Image":
      return Effect.succeed(part)
  }
}

const mapObject = <E>(object: JsonObject, change: Change<E>): Effect.Effect<JsonObject, E> =>
  Effect.map(
    Effect.forEach(Object.entries(object), ([key, value]) =>
      Effect.map(mapValue(value, change), (changed) => [key, changed] as const)),
    (entries): JsonObject =>
      Object.fromEntries(entries)
  )

const mapValue = <E>(value: JsonValue, change: Change<E>): Effect.Effect<JsonValue, E> => {
  if (Predicate.isString(value)) return change(value)
  if (isList(value)) return Effect.forEach(value, (item) => mapValue(item, change))
  return isObject(value) ? mapObject(value, change) : Effect.succeed(value)
}

const isList = (value: JsonValue): value is ReadonlyArray<JsonValue> => Array.isArray(value)
const isObject = (value: JsonValue): value is JsonObject => Predicate.isRecord(value)
