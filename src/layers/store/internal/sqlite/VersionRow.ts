import * as Schema from "effect/Schema"
import { ContextRow } from "./ContextRow.js"

/**
 * A context, and from where on it was one.
 */
export const VersionRow = Schema.Struct({ since: Schema.NonNegativeInt, ...ContextRow.fields })
