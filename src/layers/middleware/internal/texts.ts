import * as Effect from "effect/Effect"
import * as Order from "effect/Order"
import * as Predicate from "effect/Predicate"
import type { JsonObject, JsonValue } from "../../../domain/Json.js"
import type { Part } from "../../../domain/Message.js"
import type { Middleware, MiddlewareContext, MiddlewareRefusal } from "../../../services/Middleware.js"

/** A part of a text, in UTF-16 code units, from `start` up to but not including `end`. */
export interface Span {
  readonly start: number
  readonly end: number
}

/**
 * The text parts, concatenated.
 */
export const textOf = (parts: ReadonlyArray<Part>): string =>
  parts.map((part) => (part._tag === "Text" ? part.text : "")).join("")

/** Returns the filtered parts, and metadata to add to the message. */
type Filter = <P extends Part>(
  parts: ReadonlyArray<P>,
  context: MiddlewareContext
) => Effect.Effect<{ readonly parts: ReadonlyArray<P>; readonly metadata: object }, MiddlewareRefusal>

/**
 * The stages of a middleware that applies the same filter to prompts and replies.
 */
export const filterStages = (
  stages: ReadonlyArray<"admission" | "reply">,
  filter: Filter
): Pick<Middleware, "admission" | "reply"> => {
  const filtering = <P extends Part, A extends { readonly parts: ReadonlyArray<P>; readonly metadata: object }>(
    given: A & { readonly parts: ReadonlyArray<P> },
    context: MiddlewareContext
  ) =>
    Effect.map(filter(given.parts, context), ({ metadata, parts }) => ({
      ...given,
      parts,
      metadata: { ...given.metadata, ...metadata }
    }))
  return {
    ...(stages.includes("admission") && { admission: filtering }),
    ...(stages.includes("reply") && { reply: filtering })
  }
}

type Change<E> = (text: string) => Effect.Effect<string, E>

/**
 * Changes all readable text of the parts: text, file names, tool results, and string values in a tool call's arguments. Keys, images
 * and opaque vendor data stay as they are.
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

/** By start; the longest first among those with the same start. */
const order = Order.combine(
  Order.mapInput(Order.number, ({ start }: Span) => start),
  Order.mapInput(Order.reverse(Order.number), ({ end }: Span) => end)
)

/**
 * Replaces each span. Overlapping spans are replaced as one, by the replacement of the first, so that no part of a match
 * remains.
 */
export const replaceSpans = <A extends Span>(
  text: string,
  spans: ReadonlyArray<A>,
  toReplacement: (span: A) => string
): string => {
  const pieces: Array<string> = []
  let done = 0
  for (const span of spans.toSorted(order)) {
    if (span.start >= done) pieces.push(text.slice(done, span.start), toReplacement(span))
    done = Math.max(done, span.end)
  }
  return pieces.join("") + text.slice(done)
}
