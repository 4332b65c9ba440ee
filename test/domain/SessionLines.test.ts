import { assert, describe, it } from "@effect/vitest"
import { Chunk, Effect, Schema, Stream } from "effect"
import * as SessionLines from "../../src/domain/SessionLines.js"
import { type SessionExport, SessionExport as Export } from "../../src/domain/Transfer.js"
import { recordOf } from "./record.js"

const bytesOf = (text: string) => new TextEncoder().encode(text)

const read = (...pieces: ReadonlyArray<Uint8Array>) =>
  Effect.map(Stream.runCollect(SessionLines.decode(Stream.fromIterable(pieces))), Chunk.toReadonlyArray)

const same = Effect.fnUntraced(function*(actual: ReadonlyArray<SessionExport>, expected: ReadonlyArray<SessionExport>) {
  const encode = Schema.encode(Schema.Array(Export))
  assert.deepStrictEqual(yield* encode(actual), yield* encode(expected))
})

const two = [recordOf("one"), recordOf("two")]
const text = Stream.mkString(SessionLines.encode(Stream.fromIterable(two)))

describe("SessionLines", () => {
  it.effect("decodes its own output, split anywhere", () =>
    Effect.gen(function*() {
      const bytes = bytesOf(yield* text)
      for (const size of [1, 2, 3, 7, 1000, bytes.length]) {
        const pieces = Array.from(
          { length: Math.ceil(bytes.length / size) },
          (_, index) => bytes.subarray(index * size, (index + 1) * size)
        )
        yield* same(yield* read(...pieces), two)
      }
    }))

  it.effect("accepts a missing last line feed, blank lines, carriage returns and a byte order mark", () =>
    Effect.gen(function*() {
      const lines = (yield* text).trimEnd().split("\n")
      yield* same(yield* read(bytesOf(`\ufeff${lines[0]}\r\n\r\n  \n${lines[1]}`)), two)
      assert.deepStrictEqual(yield* read(), [])
    }))

  it.effect("accepts pretty-printed documents among lines", () =>
    Effect.gen(function*() {
      const pretty = yield* Schema.encode(Schema.parseJson(Export, { space: 2 }))(recordOf("pretty"))
      yield* same(yield* read(bytesOf(`${yield* text}${pretty}\n${yield* text}${pretty}`)), [
        ...two,
        recordOf("pretty"),
        ...two,
        recordOf("pretty")
      ])
      const error = yield* Effect.flip(read(bytesOf(`${yield* text}${pretty.slice(0, -2)}`)))
      assert.deepStrictEqual(error.path, ["line 3"])
    }))

  it.effect("names the wrong line and never its content", () =>
    Effect.gen(function*() {
      const good = yield* SessionLines.encodeLine(recordOf("one"))
      const bad: ReadonlyArray<readonly [Uint8Array, RegExp]> = [
        [bytesOf("c4nary"), /^"line 2" is not JSON$/],
        [bytesOf("{\"format\":\"c4nary\"}"), /^"line 2.format" must be "langswarm-session\/1"$/],
        [
          bytesOf(good.replace("hello", "c4nary").replace("\"seq\":1,", "\"seq\":\"c4nary\",")),
          /^"line 2.messages.0.seq" /
        ],
        [bytesOf(good.replace("\"id\":\"one\"", "\"id\":\"../c4nary\"")), /^"line 2.session.id" /],
        [new Uint8Array([0x22, 0xff, 0x22]), /^"line 2" is not UTF-8$/]
      ]
      for (const [line, message] of bad) {
        const error = yield* Effect.flip(read(bytesOf(`${good}\n`), line, bytesOf(`\n${good}\n`)))
        assert.match(error.message, message)
        assert.notInclude(JSON.stringify(error), "c4nary")
      }
    }))

  it.effect("decodes the lines before a wrong one", () =>
    Effect.gen(function*() {
      const seen: Array<string> = []
      const lines = Stream.make(bytesOf(`${yield* text}nothing\n`))
      yield* SessionLines.decode(lines).pipe(
        Stream.runForEach(({ session }) => Effect.sync(() => seen.push(session.id))),
        Effect.flip
      )
      assert.deepStrictEqual(seen, ["one", "two"])
    }))

  it.effect("buffers no more than the maximum line length", () =>
    Effect.gen(function*() {
      const piece = new Uint8Array(1024 * 1024).fill(0x20)
      let sent = 0
      const endless = Stream.repeatEffect(Effect.sync(() => {
        sent += 1
        return piece
      }))
      const error = yield* Effect.flip(Stream.runDrain(SessionLines.decode(endless)))
      assert.strictEqual(error.message, "\"line 1\" is longer than 67108864 bytes")
      assert.isAtMost(sent, 66)
    }))
})
