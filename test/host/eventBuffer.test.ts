import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber } from "effect"
import { makeEventBuffer, maxTextBytes } from "../../src/layers/host/internal/eventBuffer.js"

const thirtyK = 30_000

describe("what waits in front of a reader", () => {
  it.effect("is taken in pieces of at most 64 KiB, and each piece frees its bytes", () =>
    Effect.gen(function*() {
      const buffer = yield* makeEventBuffer<number, never>(100)
      for (const event of [1, 2, 3, 4, 5]) assert.isTrue(buffer.offer(event, thirtyK))
      assert.strictEqual(buffer.bytes(), 5 * thirtyK)
      assert.deepStrictEqual(yield* buffer.take, [1, 2])
      assert.strictEqual(buffer.bytes(), 3 * thirtyK)
      assert.isTrue(buffer.offer(6, 5_000))
      assert.deepStrictEqual(yield* buffer.take, [3, 4])
      assert.deepStrictEqual(yield* buffer.take, [5])
      assert.deepStrictEqual(yield* buffer.take, [6])
      assert.strictEqual(buffer.bytes(), 0)
    }))

  it.effect("is taken alone when it is larger than that", () =>
    Effect.gen(function*() {
      const buffer = yield* makeEventBuffer<string, never>(100)
      buffer.offer("small", 100)
      buffer.offer("large", 5_000_000)
      buffer.offer("small too", 100)
      assert.deepStrictEqual(yield* buffer.take, ["small"])
      assert.deepStrictEqual(yield* buffer.take, ["large"])
      assert.deepStrictEqual(yield* buffer.take, ["small too"])
    }))

  it.effect("has room for 64 KiB of stored events, or for one", () =>
    Effect.gen(function*() {
      const buffer = yield* makeEventBuffer<string, never>(100)
      assert.isTrue(buffer.hasRoomFor(5_000_000))
      buffer.offer("event", 64 * 1024 - 10)
      assert.isTrue(buffer.hasRoomFor(10))
      assert.isFalse(buffer.hasRoomFor(11))
      yield* buffer.take
      assert.isTrue(buffer.hasRoomFor(11))
    }))

  it.effect("refuses text beyond 1 MiB, however large the events beside it, and never the first", () =>
    Effect.gen(function*() {
      const buffer = yield* makeEventBuffer<string, never>(100)
      assert.isTrue(buffer.offer("question", 2 * maxTextBytes))
      assert.isTrue(buffer.offerText("a", maxTextBytes))
      assert.isFalse(buffer.offerText("b", 1))
      yield* buffer.take
      yield* buffer.take
      assert.isTrue(buffer.offerText("c", 2 * maxTextBytes))
      assert.isFalse(buffer.offerText("d", 1))
    }))

  it.effect("is at most so many events, those that a slow reader has yet to take included", () =>
    Effect.gen(function*() {
      const buffer = yield* makeEventBuffer<number, never>(3)
      for (const event of [1, 2, 3]) assert.isTrue(buffer.offer(event, thirtyK))
      assert.isFalse(buffer.offer(4, 1))
      assert.deepStrictEqual(yield* buffer.take, [1, 2])
      assert.isTrue(buffer.offer(5, 1))
      assert.isTrue(buffer.offerText(6, 1))
      assert.isFalse(buffer.offerText(7, 1))
    }))

  it.effect("can still be read after the end, which comes last", () =>
    Effect.gen(function*() {
      const buffer = yield* makeEventBuffer<number, "slow">(100)
      const waits = yield* Effect.fork(buffer.take)
      yield* Effect.yieldNow()
      for (const event of [1, 2, 3]) buffer.offer(event, thirtyK)
      buffer.end(Exit.fail("slow"))
      assert.isFalse(buffer.offer(4, 1))
      assert.deepStrictEqual(yield* Fiber.join(waits), [1, 2])
      assert.deepStrictEqual(yield* buffer.take, [3])
      assert.strictEqual(yield* Effect.flip(buffer.take), "slow")
      const closed = yield* makeEventBuffer<number, "slow">(100)
      closed.end(Exit.void)
      assert.isEmpty(yield* closed.take)
    }))
})
