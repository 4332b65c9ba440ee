import * as Schema from "effect/Schema"
import { idToColumn } from "./idToColumn.js"

/**
 * A column of ids that `idToColumn` made.
 */
export const idColumn = <Id extends string>(id: Schema.Schema<Id, string>): Schema.Schema<Id, string | Uint8Array> =>
  Schema.compose(
    Schema.transform(Schema.Union(Schema.String, Schema.Uint8ArrayFromSelf), Schema.String, {
      strict: true,
      decode: (column) => typeof column === "string" ? column : uuidOf(column),
      encode: idToColumn
    }),
    id
  )

const uuidOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes).toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-")
