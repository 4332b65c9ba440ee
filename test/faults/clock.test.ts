import { assert, describe, it } from "@effect/vitest"
import { Effect, TestClock } from "effect"
import { IdempotencyKey } from "../../src/domain/Ids.js"
import { HistoryChecker } from "../../src/testing/index.js"
import { start } from "../host/anotherHost.js"
import { memoryRuntime } from "./memoryRuntime.js"

const day = 24 * 60 * 60 * 1000

describe("a clock that jumps", () => {
  it.effect("row 25: changes no order and makes no duration negative", () =>
    Effect.gen(function*() {
      const session = yield* start
      const log: Array<HistoryChecker.LogEntry> = []
      for (const time of [3 * day, 2 * day, 4 * day, 4 * day - 1000]) {
        yield* TestClock.setTime(time)
        const key = IdempotencyKey.make(`at-${time}`)
        log.push({
          _tag: "Replied",
          sessionId: session.id,
          key,
          message: yield* session.send({ content: `${time}`, key })
        })
      }
      assert.deepStrictEqual(yield* HistoryChecker.check(log), [])
      const { items } = yield* session.messages({ role: "user" })
      assert.deepStrictEqual(items.map(({ text }) => Number(text)), [3 * day, 2 * day, 4 * day, 4 * day - 1000])
      const replies = (yield* session.messages({ role: "assistant" })).items
      assert.isTrue(replies.every(({ processingTimeMs = -1 }) => processingTimeMs >= 0))
      assert.isAtLeast((yield* session.metrics).totalResponseTimeMs, 0)
      // No sweeps while the clock jumps: each jump would run all of them.
    }).pipe(Effect.provide(memoryRuntime({ idleAfter: "365 days", sweepEvery: "365 days" }))))
})
