import * as Schema from "effect/Schema"

const milliseconds = Schema.NonNegative

/**
 * How long provider calls took that answered, in milliseconds to the end of the answer. The percentiles are within 10 % of
 * the true ones, or a millisecond; the mean and the longest are exact.
 */
export const Latency = Schema.Struct({
  count: Schema.Positive.pipe(Schema.int()),
  meanMs: milliseconds,
  p50Ms: milliseconds,
  p90Ms: milliseconds,
  p95Ms: milliseconds,
  p99Ms: milliseconds,
  maxMs: milliseconds
})
export interface Latency extends Schema.Schema.Type<typeof Latency> {}
