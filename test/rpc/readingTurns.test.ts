import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect } from "effect"
import { makeReadingTurns } from "../../src/rpc/internal/wire/readingTurns.js"
import { eventLoopTurn } from "../../src/services/internal/eventLoopTurn.js"

describe("makeReadingTurns", () => {
  it.scoped("reads a few frames of each connection in turn, and lets the event loop run in between", () =>
    Effect.gen(function*() {
      const { add } = yield* makeReadingTurns
      const order: Array<string> = []
      const done = yield* Deferred.make<void>()
      let loops = 0
      yield* Effect.forkScoped(Effect.forever(Effect.tap(eventLoopTurn, () => Effect.sync(() => loops++))))
      const connection = (name: string, frames: number, onEnd: Effect.Effect<unknown> = Effect.void) => {
        let left = frames
        return {
          read: (maxFrames: number) =>
            Effect.suspend(() => {
              order.push(name)
              left -= maxFrames
              return left > 0 ? Effect.succeed(true) : Effect.as(onEnd, false)
            })
        }
      }
      add(connection("flood", 16_000, Deferred.succeed(done, undefined)))
      add(connection("other", 32))
      yield* Deferred.await(done)
      assert.deepStrictEqual(order.slice(0, 5), ["flood", "other", "flood", "other", "flood"])
      assert.lengthOf(order.filter((name) => name === "other"), 2)
      assert.isAtLeast(loops, 50)
    }))

  it.scoped("goes on with others when one connection's reading ends in a defect", () =>
    Effect.gen(function*() {
      const { add } = yield* makeReadingTurns
      const read = yield* Deferred.make<void>()
      add({ read: () => Effect.die("told to") })
      add({ read: () => Effect.as(Deferred.succeed(read, undefined), false) })
      yield* Deferred.await(read)
    }))
})
