import { defaultTransforms } from "@effect/sql/Statement"
import { snakeToCamel } from "effect/String"

/**
 * Gives rows of a prepared statement the names that rows of `@effect/sql` have.
 */
export const renameColumns: (rows: ReadonlyArray<object>) => ReadonlyArray<object> =
  defaultTransforms(snakeToCamel).array
