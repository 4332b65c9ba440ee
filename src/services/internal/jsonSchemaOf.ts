import * as JSONSchema from "effect/JSONSchema"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { JsonRecord } from "../../domain/JsonRecord.js"

/**
 * What a schema reads, as a JSON Schema. None for one that JSON Schema cannot express.
 */
export const jsonSchemaOf = <A, I>(schema: Schema.Schema<A, I>): Option.Option<JsonRecord> =>
  Option.flatMap(
    Option.liftThrowable(() => JSONSchema.make(schema))(),
    Schema.decodeUnknownOption(JsonRecord)
  )
