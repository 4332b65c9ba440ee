import { assert, describe, it } from "@effect/vitest"
import { FastCheck } from "effect"
import { addRollups, emptyRollup, latencyBucket, type Rollup, toUsage } from "../../src/domain/Rollup.js"

const rollupOf = (latencies: ReadonlyArray<number>): Rollup =>
  latencies.reduce(
    (sum, latency) =>
      addRollups(sum, {
        ...emptyRollup,
        latencyMs: latency,
        maxLatencyMs: latency,
        latencies: { [latencyBucket(latency)]: 1 }
      }),
    emptyRollup
  )

describe("Rollup", () => {
  it.prop(
    "estimates percentiles within 10 % or a millisecond",
    { latencies: FastCheck.array(FastCheck.double({ min: 0, max: 1e8, noNaN: true }), { minLength: 1 }) },
    ({ latencies }) => {
      const { latency } = toUsage(rollupOf(latencies))
      const sorted = latencies.toSorted((one, other) => one - other)
      const isNear = (percent: number, found = -1) => {
        const truth = sorted[Math.ceil((sorted.length * percent) / 100) - 1] ?? 0
        assert.isAtMost(Math.abs(found - truth), Math.max(1, truth / 10), `p${percent} of ${sorted}`)
      }
      isNear(50, latency?.p50Ms)
      isNear(90, latency?.p90Ms)
      isNear(95, latency?.p95Ms)
      isNear(99, latency?.p99Ms)
      assert.strictEqual(latency?.maxMs, sorted.at(-1))
      assert.strictEqual(latency?.count, latencies.length)
    }
  )

  it("has no latency without calls and never exceeds the maximum", () => {
    assert.notProperty(toUsage(emptyRollup), "latency")
    const { latency } = toUsage(rollupOf([0, 0, 0]))
    assert.deepStrictEqual(latency, { count: 3, meanMs: 0, p50Ms: 0, p90Ms: 0, p95Ms: 0, p99Ms: 0, maxMs: 0 })
  })
})
