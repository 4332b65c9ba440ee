import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type { Part } from "../../../../domain/Part.js"
import { textToSearch } from "../textToSearch.js"
import { partsColumn } from "./partsColumn.js"

const decodeParts = Schema.decodeEither(partsColumn)
const nothing: ReadonlyArray<Part> = []

/**
 * What search looks at of a column of parts. What cannot be read is damaged, which to say is for whoever reads the message.
 */
export const searchText = (column: string): string => textToSearch(Either.getOrElse(decodeParts(column), () => nothing))
