import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { StoreError } from "../../../../domain/error/StoreError.js"

/**
 * Reads what a statement answered. What cannot be read was not written by us.
 */
export const decodeRow = <A, I>(schema: Schema.Schema<A, I>) => {
  const decode = Schema.decodeUnknown(schema)
  return (row: unknown): Effect.Effect<A, StoreError> => Effect.mapError(decode(row), unreadable)
}

const unreadable = () => new StoreError({ reason: "Corrupt", detail: "a row cannot be read" })
