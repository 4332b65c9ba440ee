import * as Arr from "effect/Array"
import * as Order from "effect/Order"
import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import type { Latency } from "./Latency.js"
import { Usage } from "./Usage.js"

/**
 * A sum of use, to which more can be added: what stores keep for each day, user, provider, model and set of tags.
 */
export const Rollup = Schema.Struct({
  ...Usage.omit("latency", "turns").fields,
  /** Milliseconds that all calls which answered took together. */
  latencyMs: Schema.NonNegative,
  maxLatencyMs: Schema.NonNegative,
  /** How many of them took how long, by `latencyBucket`. */
  latencies: Schema.Record({ key: Schema.String, value: Schema.NonNegativeInt })
})
export interface Rollup extends Schema.Schema.Type<typeof Rollup> {}

export const empty: Rollup = {
  sessions: 0,
  completedTurns: 0,
  failedTurns: 0,
  stoppedTurns: 0,
  interruptedTurns: 0,
  errors: {},
  totalMessages: 0,
  userMessages: 0,
  assistantMessages: 0,
  systemMessages: 0,
  providerCalls: 0,
  providerErrors: 0,
  inputTokens: 0,
  outputTokens: 0,
  costNanoUsd: 0,
  unpricedCalls: 0,
  latencyMs: 0,
  maxLatencyMs: 0,
  latencies: {}
}

export const add = (one: Rollup, other: Rollup): Rollup => ({
  sessions: one.sessions + other.sessions,
  completedTurns: one.completedTurns + other.completedTurns,
  failedTurns: one.failedTurns + other.failedTurns,
  stoppedTurns: one.stoppedTurns + other.stoppedTurns,
  interruptedTurns: one.interruptedTurns + other.interruptedTurns,
  errors: addCounts(one.errors, other.errors),
  totalMessages: one.totalMessages + other.totalMessages,
  userMessages: one.userMessages + other.userMessages,
  assistantMessages: one.assistantMessages + other.assistantMessages,
  systemMessages: one.systemMessages + other.systemMessages,
  providerCalls: one.providerCalls + other.providerCalls,
  providerErrors: one.providerErrors + other.providerErrors,
  inputTokens: one.inputTokens + other.inputTokens,
  outputTokens: one.outputTokens + other.outputTokens,
  costNanoUsd: one.costNanoUsd + other.costNanoUsd,
  unpricedCalls: one.unpricedCalls + other.unpricedCalls,
  latencyMs: one.latencyMs + other.latencyMs,
  maxLatencyMs: Math.max(one.maxLatencyMs, other.maxLatencyMs),
  latencies: addCounts(one.latencies, other.latencies)
})

const addCounts = (one: Readonly<Record<string, number>>, other: Readonly<Record<string, number>>) =>
  Record.union(one, other, (some, more) => some + more)

/**
 * The bucket of a time in milliseconds: four for each doubling, so that its middle is within 10 % of whatever is in it. All
 * up to a millisecond is in the first.
 */
export const latencyBucket = (milliseconds: number): number =>
  milliseconds <= 1 ? 0 : Math.floor(Math.log2(milliseconds) * bucketsPerDoubling) + 1

const bucketsPerDoubling = 4

const middleOf = (bucket: number): number => 2 ** ((bucket - 0.5) / bucketsPerDoubling)

export const turnsOf = ({ completedTurns, failedTurns, interruptedTurns, stoppedTurns }: Rollup): number =>
  completedTurns + failedTurns + stoppedTurns + interruptedTurns

export const toUsage = (rollup: Rollup): Usage => {
  const { latencies: _, latencyMs: __, maxLatencyMs: ___, ...counts } = rollup
  const latency = latencyOf(rollup)
  return {
    ...counts,
    turns: turnsOf(rollup),
    ...(latency && { latency })
  }
}

const latencyOf = ({ latencies, latencyMs, maxLatencyMs }: Rollup): Latency | undefined => {
  const buckets = Arr.sort(
    Record.toEntries(latencies).map(([bucket, count]) => ({ bucket: Number(bucket), count })),
    Order.mapInput(Order.number, ({ bucket }: { readonly bucket: number }) => bucket)
  )
  const count = buckets.reduce((sum, bucket) => sum + bucket.count, 0)
  if (count === 0) return undefined
  const percentile = (percent: number) => {
    let before = Math.ceil((count * percent) / 100)
    const found = buckets.find((bucket) => (before -= bucket.count) <= 0)
    return Math.min(found ? middleOf(found.bucket) : maxLatencyMs, maxLatencyMs)
  }
  return {
    count,
    meanMs: latencyMs / count,
    p50Ms: percentile(50),
    p90Ms: percentile(90),
    p95Ms: percentile(95),
    p99Ms: percentile(99),
    maxMs: maxLatencyMs
  }
}
