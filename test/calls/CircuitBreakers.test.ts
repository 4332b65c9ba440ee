import { assert, describe, it } from "@effect/vitest"
import { type CallOutcome, makeCircuitBreakers } from "../../src/services/internal/calls/resilience.js"

const target = { provider: "mock", model: "mock-model" }
const other = { ...target, model: "another" }

/** Breakers after a number of consecutive calls with these outcomes, at time 0. */
const after = (...outcomes: ReadonlyArray<CallOutcome>) => {
  const breakers = makeCircuitBreakers({ failures: 3, openFor: 1000 })
  for (const outcome of outcomes) {
    breakers.enter(target, 0)
    breakers.leave(target, outcome, 0)
  }
  return breakers
}

describe("CircuitBreakers", () => {
  it("allows calls until the limit of consecutive failures", () => {
    assert.isUndefined(after("failed", "failed").enter(target, 0))
    assert.deepStrictEqual(after("failed", "failed", "failed").enter(target, 0), { retryAfterMs: 1000 })
    assert.isUndefined(after("failed", "failed", "answered", "failed", "failed").enter(target, 0))
    assert.isUndefined(after("failed", "failed", "undecided").enter(target, 0))
    assert.isDefined(after("failed", "failed", "undecided", "failed").enter(target, 0))
  })

  it("has a circuit for each model", () => {
    const breakers = after("failed", "failed", "failed")
    assert.isUndefined(breakers.enter(other, 0))
    assert.isUndefined(breakers.enter({ ...target, provider: "other" }, 0))
  })

  it("allows one probe call after a while, whose outcome decides", () => {
    const breakers = after("failed", "failed", "failed")
    assert.deepStrictEqual(breakers.enter(target, 999), { retryAfterMs: 1 })
    assert.isUndefined(breakers.enter(target, 1000))
    assert.deepStrictEqual(breakers.enter(target, 1001), { retryAfterMs: 1000 })
    breakers.leave(target, "failed", 1002)
    assert.deepStrictEqual(breakers.enter(target, 2001), { retryAfterMs: 1 })
    assert.isUndefined(breakers.enter(target, 2002))
    breakers.leave(target, "answered", 2003)
    assert.isUndefined(breakers.enter(target, 2003))
    assert.isUndefined(breakers.enter(target, 2003))
  })

  it("allows another probe when the first was interrupted", () => {
    const breakers = after("failed", "failed", "failed")
    assert.isUndefined(breakers.enter(target, 1000))
    breakers.leave(target, "undecided", 1001)
    assert.isUndefined(breakers.enter(target, 1001))
    assert.isDefined(breakers.enter(target, 1001))
  })

  it("drops the circuit that failed longest ago when there are too many", () => {
    const breakers = after("failed", "failed", "failed")
    for (let index = 0; index < 999; index++) breakers.leave({ ...target, model: `model-${index}` }, "failed", 0)
    assert.isDefined(breakers.enter(target, 0))
    breakers.leave(other, "failed", 0)
    assert.isUndefined(breakers.enter(target, 0))
  })
})
