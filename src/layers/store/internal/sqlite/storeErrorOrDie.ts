import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { StoreError } from "../../../../domain/error/StoreError.js"
import { storeErrorFrom } from "./storeErrorFrom.js"

/**
 * Fails with what is wrong with the storage, and dies of anything else.
 */
export const storeErrorOrDie = (error: unknown): Effect.Effect<never, StoreError> =>
  Option.match(storeErrorFrom(error), { onNone: () => Effect.die(error), onSome: Effect.fail })
