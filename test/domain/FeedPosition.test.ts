import { assert, describe, it } from "@effect/vitest"
import { Either, FastCheck, Schema } from "effect"
import { FeedPosition, fromFeedPosition, toFeedPosition } from "../../src/domain/Events.js"

const decode = Schema.decodeUnknownEither(FeedPosition)
const count = FastCheck.integer({ min: 0, max: 999_999_999_999_999 })

describe("FeedPosition", () => {
  it("decodes to the place it was encoded from, also over the wire", () => {
    FastCheck.assert(
      FastCheck.property(count, count, (number, offset) => {
        const position = toFeedPosition({ number, offset })
        assert.deepStrictEqual(fromFeedPosition(position), { number, offset })
        assert.deepStrictEqual(decode(JSON.parse(JSON.stringify(position))), Either.right(position))
      })
    )
  })

  it("is a number of events, with an offset unless it is 0", () => {
    assert.strictEqual(toFeedPosition({ number: 7, offset: 0 }), "7")
    assert.strictEqual(toFeedPosition({ number: 7, offset: 120 }), "7.120")
    assert.deepStrictEqual(fromFeedPosition(FeedPosition.make("7")), { number: 7, offset: 0 })
  })

  it.each<[string, unknown]>([
    ["nothing", ""],
    ["a word", "latest"],
    ["less than nothing", "-1"],
    ["an offset without a number", ".5"],
    ["a number that ends in a dot", "5."],
    ["two offsets", "1.2.3"],
    ["an exponent", "1e9"],
    ["a number that a double cannot hold", "1".repeat(16)],
    ["an offset that a double cannot hold", `1.${"1".repeat(16)}`],
    ["a line feed at the end", "1\n"],
    ["digits that are not ASCII", "١"],
    ["a number that is not text", 1]
  ])("is not %s", (_, input) => assert.isTrue(Either.isLeft(decode(input))))
})
