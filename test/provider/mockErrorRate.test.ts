import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { ProviderTransient } from "../../src/domain/error/ProviderError.js"
import { MockProvider } from "../../src/layers/provider/MockProvider.js"
import { ask, layer, script, watch } from "./mock.js"

const outcomes = (count: number) =>
  Effect.replicateEffect(Effect.isSuccess(ask("Hi")), count).pipe(Effect.map((all) => all.map(Number).join("")))

describe("MockProvider, with an error rate", () => {
  it.effect("fails none at 0 and all at 1, as for the moment", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* outcomes(20), "1".repeat(20))
      const mock = yield* MockProvider
      yield* mock.setErrorRate(1)
      assert.strictEqual(yield* outcomes(20), "0".repeat(20))
      const error = yield* Effect.flip(ask("Hi"))
      assert.instanceOf(error, ProviderTransient)
    }).pipe(Effect.provide(layer())))

  it.effect("fails the same calls with the same seed, and others with another", () =>
    Effect.gen(function*() {
      const [first, again, other] = yield* Effect.forEach(
        [7, 7, 8],
        (seed) => Effect.provide(outcomes(200), layer({ errorRate: 0.3, seed }))
      )
      assert(first)
      assert.strictEqual(again, first)
      assert.notStrictEqual(other, first)
      const failures = first.split("0").length - 1
      assert.isTrue(failures > 30 && failures < 90, `${failures} of 200 failed`)
    }))

  it.effect("fails the same calls without a seed too", () =>
    Effect.gen(function*() {
      const run = outcomes(50).pipe(Effect.provide(layer({ errorRate: 0.5 })))
      assert.strictEqual(yield* run, yield* run)
    }))

  it.effect("fails after the delay, and no scripted call", () =>
    Effect.gen(function*() {
      yield* script({ text: "scripted" })
      const call = yield* watch()
      assert.strictEqual(yield* call.after("1 second"), "scripted")
      const failing = yield* watch()
      yield* failing.after("999 millis")
      assert.isTrue(failing.isRunning())
      yield* failing.after("1 millis")
      assert.isFalse(failing.isRunning())
    }).pipe(Effect.provide(layer({ errorRate: 1, delay: "1 second" }))))
})
