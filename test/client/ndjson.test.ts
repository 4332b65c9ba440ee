import { RpcSerializationError } from "@effect/rpc/RpcSerialization"
import { afterEach, assert, describe, it, vi } from "@effect/vitest"
import { FastCheck } from "effect"
import { makeDecoder } from "../../src/client/internal/ndjson.js"

const frame = (value: string) => ({ _tag: "Chunk" as const, requestId: "1", values: [value] as const })
const lineOf = (value: string) => `${JSON.stringify(frame(value))}\n`

/** Counts the characters that are searched for a line's end, and the pieces that are joined. */
const counted = () => {
  const counts = { scanned: 0, joined: 0 }
  const { indexOf } = String.prototype
  vi.spyOn(String.prototype, "indexOf").mockImplementation(function(this: string, what, from = 0) {
    const found = indexOf.call(this, what, from)
    counts.scanned += (found === -1 ? this.length : found + 1) - from
    return found
  })
  const { join } = Array.prototype
  vi.spyOn(Array.prototype, "join").mockImplementation(function(this: Array<unknown>, separator) {
    counts.joined += this.length
    return join.call(this, separator)
  })
  return counts
}

afterEach(() => vi.restoreAllMocks())

describe("makeDecoder", () => {
  it("looks at each character once, in however many pieces a line arrives", () => {
    const text = lineOf("x".repeat(100_000)) + lineOf("short") + lineOf("y".repeat(50_000))
    const pieces = Array.from({ length: Math.ceil(text.length / 100) }, (_, n) => text.slice(n * 100, n * 100 + 100))
    const decode = makeDecoder()
    const counts = counted()
    const frames = pieces.flatMap((piece) => decode(piece))
    vi.restoreAllMocks()
    assert.deepStrictEqual(frames, [frame("x".repeat(100_000)), frame("short"), frame("y".repeat(50_000))])
    assert.strictEqual(counts.scanned, text.length)
    // Of the pieces in which a line ends, each part is a piece.
    assert.strictEqual(counts.joined, pieces.length + 2)
  })

  it("reads the same frames wherever the bytes are cut", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.array(FastCheck.fullUnicodeString({ maxLength: 12 }), { maxLength: 5 }),
        FastCheck.array(FastCheck.nat({ max: 300 }), { maxLength: 12 }),
        (values, cuts) => {
          const bytes = new TextEncoder().encode(values.map(lineOf).join("\r\n\n"))
          const places = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).toSorted((a, b) => a - b), bytes.length]
          const decode = makeDecoder()
          const frames = places.slice(1).flatMap((end, index) => decode(bytes.subarray(places[index], end)))
          assert.deepStrictEqual(frames, values.map(frame))
        }
      )
    )
  })

  it("refuses a line that is too long, finished or not, and then reads on", () => {
    for (const [first, ...rest] of [["123456789"], ["1234", "56789"], ["12345678\n9", "12345678"]]) {
      const decode = makeDecoder(8)
      if (rest.length > 0) decode(first ?? "")
      const error = (() => {
        try {
          return decode(rest[0] ?? first ?? "")
        } catch (error) {
          return error
        }
      })()
      assert.deepStrictEqual(
        error,
        new RpcSerializationError({ reason: "BufferSizeExceeded", maxBufferSize: 8, bufferSize: 9 })
      )
      assert.deepStrictEqual<ReadonlyArray<unknown>>(decode("1234\n"), [1234])
    }
    assert.deepStrictEqual<ReadonlyArray<unknown>>(makeDecoder(8)("12345678\n12345678\n"), [12345678, 12345678])
  })
})
