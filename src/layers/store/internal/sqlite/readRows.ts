import type { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import type { StoreError } from "../../../../domain/error/StoreError.js"
import { retryWhileBusy } from "./retryWhileBusy.js"
import { storeErrorOrDie } from "./storeErrorOrDie.js"

/**
 * What a statement of `@effect/sql` answers. Waits while another process holds the database.
 */
export const readRows = (
  statement: Effect.Effect<ReadonlyArray<object>, SqlError>
): Effect.Effect<ReadonlyArray<object>, StoreError> => retryWhileBusy(Effect.catchAll(statement, storeErrorOrDie))
