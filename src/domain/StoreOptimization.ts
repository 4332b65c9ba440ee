import * as Schema from "effect/Schema"

/**
 * What an optimization has changed.
 */
export const StoreOptimization = Schema.Struct({
  /** Bytes that the store took before, and takes now. What others wrote meanwhile counts too. */
  bytesBefore: Schema.NonNegativeInt,
  bytesAfter: Schema.NonNegativeInt,
  /** Steps that it took to merge what full-text search is indexed by. */
  mergeSteps: Schema.NonNegativeInt
})
export interface StoreOptimization extends Schema.Schema.Type<typeof StoreOptimization> {}
