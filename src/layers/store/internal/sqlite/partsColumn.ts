import * as Schema from "effect/Schema"
import { Part } from "../../../../domain/Part.js"
import { soleText } from "./soleText.js"

const parts = Schema.Array(Part)

/**
 * The column of a message's parts, as `soleText` has them.
 */
export const partsColumn = Schema.parseJson(
  Schema.transform(Schema.Union(Schema.String, Schema.encodedSchema(parts)), parts, {
    strict: true,
    decode: (column) => typeof column === "string" ? [{ _tag: "Text" as const, text: column }] : column,
    encode: (parts) => soleText(parts) ?? parts
  })
)
