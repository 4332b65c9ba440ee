import { Schema } from "effect"

/**
 * How long the calls of a probe waited for their answers, in milliseconds.
 */
export const Waits = Schema.Struct({
  calls: Schema.Number,
  max: Schema.Number,
  /** 99 of 100 calls waited less. */
  p99: Schema.Number,
  /** Why a call was not answered with a result. The first one ends the probe. */
  failures: Schema.Array(Schema.String)
})
export interface Waits extends Schema.Schema.Type<typeof Waits> {}
