import * as Schema from "effect/Schema"
import { Latency } from "./Latency.js"

const count = Schema.NonNegativeInt

/**
 * What was used. A turn counts, with its question and its provider calls, once it has ended.
 */
export const Usage = Schema.Struct({
  /** Sessions that were started, forks included. */
  sessions: count,
  /** Those that ended, however they did: the four below together. */
  turns: count,
  completedTurns: count,
  failedTurns: count,
  stoppedTurns: count,
  interruptedTurns: count,
  /** What ended the failed turns, by the tag of the error. */
  errors: Schema.Record({ key: Schema.String, value: count }),
  /** Messages of tools are in the total only. */
  totalMessages: count,
  userMessages: count,
  assistantMessages: count,
  systemMessages: count,
  providerCalls: count,
  /** Calls that failed. A turn may have completed in spite of them. */
  providerErrors: count,
  inputTokens: count,
  outputTokens: count,
  /** In billionths of a US dollar: of the calls whose price is known. */
  costNanoUsd: count,
  /** Calls that may have cost something, and nobody knows what. */
  unpricedCalls: count,
  /** Absent when no call answered. */
  latency: Schema.optionalWith(Latency, { exact: true })
})
export interface Usage extends Schema.Schema.Type<typeof Usage> {}
