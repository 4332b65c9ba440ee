import { assert, describe, it } from "@effect/vitest"
import { Duration, Either, Schema } from "effect"
import { InvalidRequest } from "../../src/domain/error/RequestError.js"
import { TurnId } from "../../src/domain/Ids.js"
import { EditTurn, SendMessage } from "../../src/domain/Send.js"

const decode = Schema.decodeUnknownEither(SendMessage)
const accepts = (input: unknown): boolean => Either.isRight(decode(input))

const text = (text: string) => ({ _tag: "Text", text })
const image = { _tag: "Image", mediaType: "image/png", source: { _tag: "Inline", base64: "aGk=" } }
const inline = (length: number) => ({ ...image, source: { _tag: "Inline", base64: "A".repeat(length) } })
const remote = (url: string) => ({ _tag: "Image", mediaType: "image/png", source: { _tag: "Remote", url } })

describe("SendMessage", () => {
  it.each<[string, unknown]>([
    ["a text", "Hello"],
    ["a text with blank space around it", "  Hello\n"],
    ["parts", [text("Look"), image]],
    ["an image alone", [image]],
    ["an image next to blank text", [text(" "), image]],
    ["a tool's result, though it is empty", [{ _tag: "ToolResult", id: "call-1", result: "", isError: false }]],
    ["a file", [{ _tag: "File", name: "a.pdf", mediaType: "application/pdf", source: image.source }]],
    ["an https: address", [remote("https://example.org/a.png")]],
    ["64 parts", Array.from({ length: 64 }, () => text("a"))],
    ["262,144 characters", "a".repeat(262_144)],
    ["an image of 1,000,000 characters", [inline(1_000_000)]]
  ])("takes %s", (_, content) => assert.isTrue(accepts({ content })))

  it.each<[string, unknown]>([
    ["nothing", ""],
    ["blank text", " \n\t\u00a0"],
    ["no parts", []],
    ["blank parts", [text(""), text("  ")]],
    ["65 parts", Array.from({ length: 65 }, () => text("a"))],
    ["262,145 characters", "a".repeat(262_145)],
    ["262,145 characters in a part", [text("a".repeat(262_145))]],
    ["a part of an unknown kind", [{ _tag: "Video" }]],
    ["invalid base64", [{ ...image, source: { _tag: "Inline", base64: "<svg>" } }]],
    ["an image of 1,000,001 characters", [inline(1_000_001)]],
    ["an invalid media type", [{ ...image, mediaType: "image" }]],
    ["an http: address", [remote("http://example.org/a.png")]],
    ["a file: address", [remote("file:///etc/passwd")]],
    ["an address with a line feed", [remote("https://example.org/\nHost: evil")]],
    ["a number", 7],
    ["null", null]
  ])("refuses %s", (_, content) => assert.isTrue(!accepts({ content })))

  it("reports blank text", () => {
    const result = decode({ content: "  " })
    assert(Either.isLeft(result))
    assert.include(result.left.message, "must not be empty")
  })

  it("replaces lone surrogates and keeps everything else", () => {
    const content = "a\0b \u202E \u{1F600} \uD800"
    assert.deepStrictEqual(Either.getOrThrow(decode({ content })), { content: "a\0b \u202E \u{1F600} \uFFFD" })
  })

  it.each<[string, unknown, number]>([
    ["words", "30 seconds", 30_000],
    ["milliseconds", 1, 1],
    ["nanoseconds", "1000000 nanos", 1],
    ["longer than any host waits", 1e18, 1e18]
  ])("accepts a timeout of %s", (_, timeout, millis) => {
    const sent = Either.getOrThrow(decode({ content: "Hi", timeout }))
    assert(sent.timeout)
    assert.strictEqual(Duration.toMillis(sent.timeout), millis)
  })

  it.each<[string, unknown]>([
    ["nothing", 0],
    ["less than a millisecond, in words", "1 nanos"],
    ["less than a millisecond, as a Duration", Duration.micros(999n)],
    ["less than a millisecond", 0.5],
    ["a negative number", -1],
    ["a negative number, in words", "-1 seconds"],
    ["not a number", NaN],
    ["infinity", Infinity],
    ["infinity, as a Duration", Duration.infinity],
    ["negative infinity", -Infinity],
    ["null", null],
    ["a number as text", "1000"]
  ])("refuses a timeout of %s", (_, timeout) => assert.isFalse(accepts({ content: "Hi", timeout })))

  it("names the timeout and what it must be", () => {
    const result = Either.mapLeft(decode({ content: "Hi", timeout: -7 }), InvalidRequest.fromParseError)
    assert(Either.isLeft(result))
    assert.deepStrictEqual(result.left.path, ["timeout"])
    assert.include(result.left.reason, "must be at least 1 ms")
    assert.notInclude(result.left.message, "-7")
  })

  it("has the options of a send", () => {
    const sent = { content: "Hi", key: "a-key", whenBusy: "steer", stopOnDisconnect: true, onUnknown: "retry" }
    const encode = Schema.encodeSync(SendMessage)
    assert.deepStrictEqual<unknown>(encode(Either.getOrThrow(decode(sent))), sent)
    for (const field of ["whenBusy", "onUnknown", "stopOnDisconnect", "key"]) {
      assert.isFalse(accepts({ content: "Hi", [field]: "something else" }), field)
    }
  })

  it("ignores a role in the metadata", () => {
    assert.deepStrictEqual(
      Either.getOrThrow(decode({ content: "Hi", role: "system", metadata: { role: "system", admin: true } })),
      { content: "Hi", metadata: { role: "system", admin: true } }
    )
  })
})

describe("EditTurn", () => {
  const decode = Schema.decodeUnknownEither(EditTurn)

  it("has a turn and its new content and no other fields", () => {
    const edit = { turnId: TurnId.make("turn-1"), content: "Hello again", metadata: { draft: 2 } }
    const more = { key: "another", timeout: "1 minute", whenBusy: "interrupt" }
    assert.deepStrictEqual(Either.getOrThrow(decode({ ...edit, ...more })), edit)
  })

  it.each<[string, unknown]>([
    ["blank text", { turnId: "turn-1", content: " \n" }],
    ["no content", { turnId: "turn-1" }],
    ["65 parts", { turnId: "turn-1", content: Array.from({ length: 65 }, () => ({ _tag: "Text", text: "a" })) }],
    ["no turn", { content: "Hello" }],
    ["an invalid turn id", { turnId: "../turn", content: "Hello" }],
    ["a reserved key", { turnId: "turn-1", content: "Hello", metadata: JSON.parse("{\"__proto__\":{}}") as unknown }]
  ])("refuses %s", (_, input) => assert.isTrue(Either.isLeft(decode(input))))
})
