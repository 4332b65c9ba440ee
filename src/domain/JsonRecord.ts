import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import type * as AST from "effect/SchemaAST"
import { normalizeJson } from "./internal/normalizeJson.js"
import type { JsonObject } from "./JsonValue.js"

/**
 * Free-form data of the embedding application: metadata, context, provider settings.
 */
export type JsonRecord = JsonObject

const normalize = () => (input: unknown, _: AST.ParseOptions, ast: AST.AST) =>
  Either.mapLeft(normalizeJson(input), (reason) => new ParseResult.Type(ast, input, reason))

/**
 * Accepts a plain JSON object and nothing else. Refuses the keys `__proto__`, `constructor` and `prototype` at any depth
 * (`Schema.Record` would swap the prototype), more than 16 levels, more than 2,048 values, more than 64 Ki characters.
 * Lone surrogates become U+FFFD, since no UTF-8 store can keep them.
 */
export const JsonRecord: Schema.Schema<JsonRecord> = Schema.declare(
  [],
  { decode: normalize, encode: normalize },
  { identifier: "JsonRecord", description: "a plain JSON object", jsonSchema: { type: "object" } }
)
