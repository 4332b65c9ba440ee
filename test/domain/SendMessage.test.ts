import { assert, describe, it } from "@effect/vitest"
import { Either, Schema } from "effect"
import { SendMessage } from "../../src/domain/SendMessage.js"

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

  it("says of blank text what is wrong", () => {
    const result = decode({ content: "  " })
    assert(Either.isLeft(result))
    assert.include(result.left.message, "must not be empty")
  })

  it("replaces a lone surrogate and keeps everything else as it is", () => {
    const content = "a\0b \u202E \u{1F600} \uD800"
    assert.deepStrictEqual(Either.getOrThrow(decode({ content })), { content: "a\0b \u202E \u{1F600} \uFFFD" })
  })

  it("keeps metadata as data: a role in it is not the message's", () => {
    assert.deepStrictEqual(
      Either.getOrThrow(decode({ content: "Hi", role: "system", metadata: { role: "system", admin: true } })),
      { content: "Hi", metadata: { role: "system", admin: true } }
    )
  })
})
