import { assert, describe, it } from "@effect/vitest"
import { jsonPieces, jsonSize } from "../../src/rpc/internal/wire/jsonPieces.js"

const values: ReadonlyArray<unknown> = [
  null,
  "",
  "x".repeat(1000),
  "\"\\\n\u2028".repeat(100),
  "😀".repeat(101),
  `${"a".repeat(63)}😀${"b".repeat(63)}😀`,
  "\ud800".repeat(70),
  [],
  {},
  [1, true, null, undefined, "x"],
  { a: undefined, b: 1, "c\"": [{ d: "x".repeat(200) }, { e: [] }] },
  Array.from({ length: 100 }, (_, index) => ({ index, text: `${index}`.repeat(index) })),
  { deep: { deeper: { deepest: ["x".repeat(500), "y".repeat(500)] } } },
  { values: [{}, [], [[]], { a: {} }], long: "z".repeat(65) }
]

describe("jsonPieces", () => {
  it("joins to what JSON.stringify returns, in more than one piece when it is larger than one", () => {
    for (const value of values) {
      for (const size of [1, 64, 100_000]) {
        const pieces = [...jsonPieces(value, size)]
        const json = JSON.stringify(value)
        // A pair of surrogates may be escaped where it is cut.
        assert.deepStrictEqual(JSON.parse(pieces.join("")), JSON.parse(json))
        if (!/[\ud800-\udfff]/.test(json)) assert.strictEqual(pieces.join(""), json)
        if (json.length <= size) assert.lengthOf(pieces, 1)
      }
    }
  })

  it("makes pieces of about the size that was asked for, whatever the shape", () => {
    const large = [
      "x".repeat(100_000),
      Array.from({ length: 10_000 }, () => 1),
      { a: { b: [{ c: "x".repeat(50_000) }, { d: "y".repeat(50_000) }] } }
    ]
    for (const value of large) {
      const lengths = [...jsonPieces(value, 1000)].map(({ length }) => length)
      assert.isAtLeast(lengths.length, 10)
      assert.isAtMost(Math.max(...lengths), 3000)
    }
  })
})

describe("jsonSize", () => {
  it("is near the length of the text, and counts no further than it must", () => {
    for (const value of values) assert.isAtMost(Math.abs(jsonSize(value) - JSON.stringify(value).length), 2500)
    let read = 0
    const counted = Array.from({ length: 1000 }, () => ({
      get text() {
        read += 1
        return "x".repeat(100)
      }
    }))
    assert.isAbove(jsonSize(counted, 500), 500)
    assert.isBelow(read, 10)
  })
})
