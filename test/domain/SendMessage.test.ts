import { assert, describe, it } from "@effect/vitest"
import { Duration, Either, Schema } from "effect"
import { InvalidRequest } from "../../src/domain/error/RequestError.js"
import { SendMessage } from "../../src/domain/Send.js"

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
    ["an image beside blank text", [text(" "), image]],
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
    ["what is no base64", [{ ...image, source: { _tag: "Inline", base64: "<svg>" } }]],
    ["an image of 1,000,001 characters", [inline(1_000_001)]],
    ["what is no media type", [{ ...image, mediaType: "image" }]],
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
    ["longer than any host waits", 1e18, 1e18]
  ])("takes a timeout of %s", (_, timeout, millis) => {
    const sent = Either.getOrThrow(decode({ content: "Hi", timeout }))
    assert(sent.timeout)
    assert.strictEqual(Duration.toMillis(sent.timeout), millis)
  })

  it.each<[string, unknown]>([
    ["nothing", 0],
    ["less than nothing", -1],
    ["less than nothing, in words", "-1 seconds"],
    ["not a number", NaN],
    ["for ever", Infinity],
    ["for ever, as a Duration", Duration.infinity],
    ["less than nothing for ever", -Infinity],
    ["null", null],
    ["a number as text", "1000"]
  ])("refuses a timeout of %s", (_, timeout) => assert.isFalse(accepts({ content: "Hi", timeout })))

  it("names the timeout and what it must be", () => {
    const result = Either.mapLeft(decode({ content: "Hi", timeout: -7 }), InvalidRequest.fromParseError)
    assert(Either.isLeft(result))
    assert.deepStrictEqual(result.left.path, ["timeout"])
    assert.include(result.left.reason, "must be longer than 0")
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

  it("does not take a role in metadata for the message's", () => {
    assert.deepStrictEqual(
      Either.getOrThrow(decode({ content: "Hi", role: "system", metadata: { role: "system", admin: true } })),
      { content: "Hi", metadata: { role: "system", admin: true } }
    )
  })
})
