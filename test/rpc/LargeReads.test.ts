import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { LargeReads } from "../../src/rpc/internal/wire/LargeReads.js"

/** Reads that end when the test says so. */
const makeReads = (isRoom: (connection: number) => boolean = () => true) =>
  Effect.gen(function*() {
    const reads = new LargeReads(isRoom)
    const started: Array<string> = []
    const gate = yield* Deferred.make<void>()
    const run = (connection: number, name: string, end: Effect.Effect<void> = Deferred.await(gate)) =>
      Effect.fork(reads.run(connection, Effect.zipRight(Effect.sync(() => started.push(name)), end)))
    return { reads, started, run, open: Deferred.succeed(gate, undefined) }
  })

const settle = Effect.replicateEffect(Effect.yieldNow(), 5, { discard: true })

describe("LargeReads", () => {
  it.effect("runs four at once, and then one of each connection in turn", () =>
    Effect.gen(function*() {
      const { open, run, started } = yield* makeReads()
      for (let count = 0; count < 10; count++) yield* run(1, `flood ${count}`)
      yield* run(2, "other")
      yield* settle
      assert.deepStrictEqual(started, ["flood 0", "flood 1", "flood 2", "flood 3"])
      yield* open
      yield* settle
      assert.isAtMost(started.indexOf("other"), 5)
      assert.lengthOf(started, 11)
    }))

  it.effect("starts none without room, and those that have room when there is some", () =>
    Effect.gen(function*() {
      const room = new Set([2])
      const { reads, run, started } = yield* makeReads((connection) => room.has(connection))
      yield* run(1, "full")
      yield* run(2, "free")
      yield* settle
      assert.deepStrictEqual(started, ["free"])
      room.add(1)
      reads.next()
      yield* settle
      assert.deepStrictEqual(started, ["free", "full"])
    }))

  it.effect("gives the place of an interrupted read to the next, whether it waited or ran", () =>
    Effect.gen(function*() {
      const { run, started } = yield* makeReads()
      yield* run(1, "0")
      yield* run(1, "1")
      const running = yield* run(1, "2")
      yield* run(1, "3")
      const waiting = yield* run(1, "given up")
      yield* run(1, "next")
      yield* settle
      yield* Fiber.interrupt(waiting)
      yield* Fiber.interrupt(running)
      yield* settle
      assert.deepStrictEqual(started, ["0", "1", "2", "3", "next"])
    }))

  it.effect("gives the place of a failed read to the next", () =>
    Effect.gen(function*() {
      const { reads } = yield* makeReads()
      for (let count = 0; count < 10; count++) yield* Effect.either(reads.run(1, Effect.fail("no")))
      assert.strictEqual(yield* reads.run(1, Effect.succeed(1)), 1)
    }))
})
