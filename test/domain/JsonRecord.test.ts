import { assert, describe, it } from "@effect/vitest"
import { DateTime, Either, FastCheck, Schema } from "effect"
import { JsonRecord, type JsonValue } from "../../src/domain/Json.js"
import { jsonObject } from "./jsonObject.js"

const decode = Schema.decodeUnknownEither(JsonRecord)
const accepts = (input: unknown): boolean => Either.isRight(decode(input))
const decoded = Schema.decodeUnknownSync(JsonRecord)

const levels = (count: number, innermost: JsonValue): JsonValue =>
  count === 0 ? innermost : { level: levels(count - 1, innermost) }

const values = (count: number) => ({ list: Array.from({ length: count - 1 }, () => 0) })
const text = (count: number) => ({ four: "x".repeat(count - 4) })

const sparse = (length: number): Array<number> => Object.assign([], { length })

describe("JsonRecord", () => {
  it("decodes any JSON object to itself, and its own output again", () => {
    FastCheck.assert(
      FastCheck.property(jsonObject, (input) => {
        assert.deepStrictEqual(decoded(input), input)
        assert.deepStrictEqual(Schema.encodeSync(JsonRecord)(decoded(input)), input)
      })
    )
  })

  it.each(["__proto__", "constructor", "prototype"])("refuses the own key %s at any depth", (key) => {
    for (const json of [`{"${key}":1}`, `{"a":{"b":{"${key}":{"admin":true}}}}`, `{"a":[0,{"${key}":null}]}`]) {
      const result = decode(JSON.parse(json))
      assert(Either.isLeft(result), json)
      assert.include(result.left.message, `holds the reserved key "${key}"`)
    }
  })

  it("changes no prototype", () => {
    const input: unknown = JSON.parse("{\"__proto__\":{\"admin\":true}}")
    decode(input)
    assert.isFalse("admin" in {})
    assert.strictEqual(Object.getPrototypeOf(decoded({ toString: 1 })), Object.prototype)
  })

  it("shares nothing with its input", () => {
    const input = { list: [{ a: 1 }], object: { b: 2 } }
    const record = decoded(input)
    input.list.push({ a: 3 })
    input.object.b = 4
    assert.deepStrictEqual(record, { list: [{ a: 1 }], object: { b: 2 } })
  })

  it("reads a getter once and keeps the value", () => {
    let reads = 0
    const input = {
      get now() {
        return ++reads
      }
    }
    const record = decoded(input)
    assert.deepStrictEqual(Object.getOwnPropertyDescriptor(record, "now")?.value, 1)
    assert.strictEqual(record["now"], 1)
    assert.strictEqual(reads, 1)
  })

  it("refuses an object whose getter throws, without its text", () => {
    const result = decode({
      get secret() {
        throw new Error("canary")
      }
    })
    assert(Either.isLeft(result))
    assert.notInclude(result.left.message, "canary")
  })

  it.each<[string, unknown]>([
    ["undefined", undefined],
    ["null", null],
    ["a string", "{}"],
    ["a number", 1],
    ["an array", []],
    ["a function", () => 1],
    ["NaN inside", { a: NaN }],
    ["an infinite number inside", { a: [Infinity] }],
    ["undefined inside", { a: undefined }],
    ["a hole in an array", { a: [1].concat(sparse(1)) }],
    ["an array with only holes", { a: sparse(4_000_000_000) }],
    ["a bigint inside", { a: 1n }],
    ["a symbol inside", { a: Symbol("a") }],
    ["a function inside", { a: () => 1 }],
    ["a Date inside", { a: DateTime.toDate(DateTime.unsafeMake(0)) }],
    ["a Map inside", { a: new Map([["a", 1]]) }],
    ["a class instance inside", {
      a: new (class Point {
        readonly x = 1
      })()
    }],
    ["an object with another prototype", Object.create({ inherited: 1 })],
    ["an object with toJSON", { a: { toJSON: () => ({ admin: true }) } }]
  ])("refuses %s", (_, input) => assert.isFalse(accepts(input)))

  it("accepts an object without a prototype", () => {
    const input: unknown = Object.assign(Object.create(null), { a: 1 })
    assert.deepStrictEqual(decoded(input), { a: 1 })
  })

  it("accepts 16 levels and no more", () => {
    assert.isTrue(accepts(levels(15, "value")))
    assert.isFalse(accepts(levels(16, "value")))
    assert.isTrue(accepts(levels(14, ["value"])))
    assert.isFalse(accepts(levels(15, ["value"])))
  })

  it("refuses a depth that would overflow the stack", () => {
    assert.isFalse(accepts(JSON.parse(`{"a":${"[".repeat(50_000)}${"]".repeat(50_000)}}`)))
  })

  it("refuses a circular object", () => {
    const input: Record<string, unknown> = {}
    input["self"] = input
    assert.isFalse(accepts(input))
  })

  it("accepts 2,048 values and no more", () => {
    assert.isTrue(accepts(values(2048)))
    assert.isFalse(accepts(values(2049)))
  })

  it("accepts 65,536 characters of keys and text and no more", () => {
    assert.isTrue(accepts(text(65_536)))
    assert.isFalse(accepts(text(65_537)))
  })

  it("replaces lone surrogates in keys and values", () => {
    assert.deepStrictEqual(decoded({ "a\uD800": "b\uDC00", pair: "\u{1F600}" }), {
      "a\uFFFD": "b\uFFFD",
      pair: "\u{1F600}"
    })
  })
})
