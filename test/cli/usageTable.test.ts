import { assert, describe, it } from "@effect/vitest"
import { usageTable } from "../../src/cli/text.js"
import { emptyRollup, latencyBucket, toUsage } from "../../src/domain/Rollup.js"

describe("usageTable", () => {
  it("aligns columns, groups digits, and shows no latency without a successful call", () => {
    const busy = toUsage({
      ...emptyRollup,
      sessions: 3,
      completedTurns: 1234567,
      failedTurns: 2,
      providerCalls: 1000,
      costNanoUsd: 1_500_000_000,
      unpricedCalls: 1,
      maxLatencyMs: 2500,
      latencies: { [latencyBucket(2500)]: 4 }
    })
    const table = usageTable([{ key: "ada", usage: busy }, { key: "total", usage: toUsage(emptyRollup) }])
    assert.deepStrictEqual(table.split("\n"), [
      "       sessions      turns  not completed  messages  tokens in  tokens out  calls  call errors    p50    p95    p99  cost",
      "ada           3  1,234,569              2         0          0           0  1,000            0  2.5 s  2.5 s  2.5 s  $1.5, and 1 call of unknown price",
      "total         0          0              0         0          0           0      0            0      -      -      -  $0"
    ])
  })
})
