import * as Data from "effect/Data"
import type { OwnershipLost } from "../../../domain/error/OwnershipLost.js"
import type { SessionNotFound } from "../../../domain/error/SessionNotFound.js"
import type { StoreError } from "../../../domain/error/StoreError.js"

/**
 * The store did not take a change, or may not have. What the actor believes may be wrong from here on, so it stops, and the
 * next one reads the store again.
 */
export class PersistFailure extends Data.TaggedError("PersistFailure")<{
  readonly error: OwnershipLost | SessionNotFound | StoreError
}> {}
