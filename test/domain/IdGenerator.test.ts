import { assert, describe, it } from "@effect/vitest"
import { Effect, TestClock } from "effect"
import { IdGenerator } from "../../src/services/IdGenerator.js"

const uuidV7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

const assertIncreasing = (ids: ReadonlyArray<string>) => {
  const wrong = ids.findIndex((id, index) => index > 0 && id <= (ids[index - 1] ?? ""))
  assert.strictEqual(wrong, -1, `${ids[wrong]} does not come after ${ids[wrong - 1]}`)
}

const many = (count: number) =>
  Effect.flatMap(
    IdGenerator,
    ({ messageId, sessionId, turnId }) =>
      Effect.replicateEffect(Effect.all([sessionId, turnId, messageId]), Math.ceil(count / 3)).pipe(
        Effect.map((ids) => ids.flat().slice(0, count))
      )
  )

describe("IdGenerator", () => {
  it.effect("makes UUIDv7 that increase while the clock stands still", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(1_700_000_000_000)
      const ids = yield* many(10_000)
      assertIncreasing(ids)
      for (const id of ids) assert.match(id, uuidV7)
      assert.isTrue(ids.every((id) => id.startsWith("018bcfe5-6800-7")))
    }).pipe(Effect.provide(IdGenerator.layer)))

  it.effect("makes increasing ids when the clock goes forward and back", () =>
    Effect.gen(function*() {
      const ids: Array<string> = []
      for (
        const time of [1_700_000_000_000, 1_700_000_000_001, 1_699_913_600_000, 1_700_000_000_001, 1_700_086_400_000]
      ) {
        yield* TestClock.setTime(time)
        ids.push(...(yield* many(100)))
      }
      assertIncreasing(ids)
    }).pipe(Effect.provide(IdGenerator.layer)))

  it.effect("makes different ids in two runtimes at the same time", () =>
    Effect.gen(function*() {
      const [one, other] = yield* Effect.all([
        Effect.provide(many(1000), IdGenerator.layer),
        Effect.provide(many(1000), IdGenerator.layer)
      ])
      assert.strictEqual(new Set([...one, ...other]).size, 2000)
    }))

  it.effect("layerTest makes the same ids in each run", () =>
    Effect.gen(function*() {
      const first = yield* Effect.provide(many(300), IdGenerator.layerTest)
      yield* TestClock.adjust("1 day")
      assert.deepStrictEqual(yield* Effect.provide(many(300), IdGenerator.layerTest), first)
      assert.deepStrictEqual(first.slice(0, 2), [
        "00000000-0000-7000-8000-000000000001",
        "00000000-0000-7000-8000-000000000002"
      ])
      assertIncreasing(first)
    }))
})
