import { assert, describe, it } from "@effect/vitest"
import { Either, FastCheck, Schema } from "effect"
import { FeedPosition, fromFeedPosition, toFeedPosition } from "../../src/domain/Events.js"
import { Cursor, makeCursorCodec } from "../../src/domain/Page.js"

const Position = Schema.Struct({ createdAt: Schema.Number, id: Schema.String })
const cursors = makeCursorCodec(Position)
const otherCursors = makeCursorCodec(Schema.Struct({ seq: Schema.Number }))

const refuses = (text: string) => {
  const result = cursors.decode(Cursor.make(text))
  return Either.isLeft(result) && result.left.path.join() === "cursor"
}

describe("Cursor", () => {
  it("decodes to the position it was encoded from and is safe in a URL", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.integer(), FastCheck.fullUnicodeString({ maxLength: 64 }), (createdAt, id) => {
        const cursor = cursors.encode({ createdAt, id })
        assert.strictEqual(encodeURIComponent(cursor), cursor)
        assert.deepStrictEqual(Either.getOrThrow(cursors.decode(cursor)), { createdAt, id })
      })
    )
  })

  it("of another list is refused", () => {
    assert.isTrue(refuses(otherCursors.encode({ seq: 7 })))
  })

  it("that is invalid is refused", () => {
    FastCheck.assert(FastCheck.property(FastCheck.stringMatching(/^[A-Za-z0-9_-]{1,60}$/), refuses))
  })

  it.each(["", "a=", "a b", "a+/b", "a".repeat(513), 7, null])(
    "is never %j",
    (input) => assert.isTrue(Either.isLeft(Schema.decodeUnknownEither(Cursor)(input)))
  )
})

describe("FeedPosition", () => {
  const decode = Schema.decodeUnknownEither(FeedPosition)
  const count = FastCheck.integer({ min: 0, max: 999_999_999_999_999 })

  it("decodes to the place it was encoded from, also over the wire", () => {
    FastCheck.assert(
      FastCheck.property(count, count, (number, offset) => {
        const position = toFeedPosition({ number, offset })
        assert.deepStrictEqual(fromFeedPosition(position), { number, offset })
        assert.deepStrictEqual(decode(JSON.parse(JSON.stringify(position))), Either.right(position))
      })
    )
  })

  it("is the number of an event, with an offset unless it is 0", () => {
    assert.strictEqual(toFeedPosition({ number: 7, offset: 0 }), "7")
    assert.strictEqual(toFeedPosition({ number: 7, offset: 120 }), "7.120")
    assert.deepStrictEqual(fromFeedPosition(FeedPosition.make("7")), { number: 7, offset: 0 })
  })

  it.each<[string, unknown]>([
    ["empty", ""],
    ["a word", "latest"],
    ["negative", "-1"],
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
