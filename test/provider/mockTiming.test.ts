import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber } from "effect"
import { MockProvider } from "../../src/layers/provider/MockProvider.js"
import { layer, watch } from "./mock.js"

describe("MockProvider, on the clock", () => {
  it.effect("waits before the first chunk, and then between chunks, but not before the end", () =>
    Effect.gen(function*() {
      const call = yield* watch({ pattern: "{input}" })
      assert.strictEqual(yield* call.after("999 millis"), "")
      assert.strictEqual(yield* call.after("1 millis"), "one ")
      assert.strictEqual(yield* call.after("9 millis"), "one ")
      assert.strictEqual(yield* call.after("1 millis"), "one two ")
      assert.strictEqual(yield* call.after("10 millis"), "one two three")
      assert.strictEqual(call.seen.at(-1)?._tag, "Finished")
    }).pipe(Effect.provide(layer({ delay: "1 second", chunkDelay: 10 }))))

  it.effect("takes a new delay from the next call on", () =>
    Effect.gen(function*() {
      const mock = yield* MockProvider
      yield* mock.setResponseDelay("2 seconds")
      const call = yield* watch()
      assert.strictEqual(yield* call.after("1999 millis"), "")
      assert.strictEqual(yield* call.after("1 millis"), "You said: one two three")
    }).pipe(Effect.provide(layer())))

  it.effect("can be interrupted while it waits", () =>
    Effect.gen(function*() {
      const call = yield* watch()
      yield* call.after("1 second")
      assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(call.fiber)))
    }).pipe(Effect.provide(layer({ delay: "1 day" }))))
})
