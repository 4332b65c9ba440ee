import * as Schema from "effect/Schema"

/**
 * What one provider call costs, as far as the prices are known.
 */
export const Cost = Schema.Struct({
  /** In billionths of a US dollar, so that sums are exact. */
  nanoUsd: Schema.NonNegativeInt,
  /** The entry of the price list that was taken: lists match models by prefix. */
  pricedAs: Schema.String
})
export interface Cost extends Schema.Schema.Type<typeof Cost> {}
