import { assert, describe, it } from "@effect/vitest"
import { Either, FastCheck, Schema } from "effect"
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
