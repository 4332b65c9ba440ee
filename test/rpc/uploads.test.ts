import { assert, describe, it } from "@effect/vitest"
import { Effect, TestClock } from "effect"
import { makeUploads } from "../../src/rpc/internal/handlers/uploads.js"
import { maxPartLength } from "../../src/rpc/SessionRpcs.js"

const part = (upload: string, index: number, text: string, last = false) => ({ upload, index, text, last, options: {} })

const full = "x".repeat(maxPartLength)
const partsOfLargest = 256

describe("makeUploads", () => {
  it.scoped("joins the parts of each import", () =>
    Effect.gen(function*() {
      const { add } = yield* makeUploads
      assert.isUndefined(yield* add(part("a", 0, "one ")))
      assert.isUndefined(yield* add(part("b", 0, "uno ")))
      assert.isUndefined(yield* add(part("a", 1, "two ")))
      assert.strictEqual(yield* add(part("b", 1, "due", true)), "uno due")
      assert.strictEqual(yield* add(part("a", 2, "three", true)), "one two three")
      assert.strictEqual(yield* add(part("a", 0, "again", true)), "again")
    }))

  it.scoped("refuses a part out of order, and one that arrives too late", () =>
    Effect.gen(function*() {
      const { add } = yield* makeUploads
      assert.deepStrictEqual((yield* Effect.flip(add(part("a", 1, "two", true)))).path, ["index"])
      yield* add(part("a", 0, "one"))
      assert.deepStrictEqual((yield* Effect.flip(add(part("a", 0, "one")))).path, ["index"])
      yield* TestClock.adjust("59 seconds")
      yield* add(part("a", 1, "two"))
      yield* TestClock.adjust("59 seconds")
      yield* add(part("a", 2, "three"))
      yield* TestClock.adjust("60 seconds")
      assert.deepStrictEqual((yield* Effect.flip(add(part("a", 3, "four", true)))).path, ["index"])
    }))

  it.scoped("accepts a session of 64 Mi characters, and no larger one", () =>
    Effect.gen(function*() {
      const { add } = yield* makeUploads
      for (const last of ["", "x"]) {
        for (let index = 0; index < partsOfLargest; index++) yield* add(part("a", index, full))
        const end = add(part("a", partsOfLargest, last, true))
        if (last === "") assert.strictEqual((yield* end)?.length, partsOfLargest * maxPartLength)
        else assert.include((yield* Effect.flip(end)).message, "67108864 characters")
      }
    }))

  it.scoped("limits what all imports hold, until some end or time out", () =>
    Effect.gen(function*() {
      const { add } = yield* makeUploads
      const fill = Effect.gen(function*() {
        for (const upload of ["a", "b"]) {
          for (let index = 0; index < partsOfLargest; index++) yield* add(part(upload, index, full))
        }
      })
      yield* fill
      assert.include((yield* Effect.flip(add(part("c", 0, "x")))).message, "at once")
      yield* add(part("a", partsOfLargest, "", true))
      yield* add(part("c", 0, full))
      yield* TestClock.adjust("1 minute")
      yield* fill
      assert.include((yield* Effect.flip(add(part("c", 0, "x", true)))).message, "at once")
    }))
})
