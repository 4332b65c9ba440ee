import { assert, describe, it } from "@effect/vitest"
import { UserId } from "../../src/domain/Ids.js"
import { toMarkdown } from "../../src/domain/Markdown.js"
import type { Part } from "../../src/domain/Message.js"
import { message, recordOf } from "./record.js"

const record = recordOf("s")
const saying = (...parts: ReadonlyArray<Part>) => toMarkdown({ ...record, messages: [message(1, { parts })] })

/** The lines outside of code fences, by CommonMark 0.31, section 4.5. */
const outside = (markdown: string): ReadonlyArray<string> => {
  let fence: string | undefined
  return markdown.split("\n").filter((line) => {
    const [, ticks = "", info = ""] = /^ {0,3}(`{3,})(.*)$/.exec(line) ?? []
    if (fence === undefined && ticks !== "" && !info.includes("`")) {
      fence = ticks
      return false
    }
    if (fence !== undefined && ticks.length >= fence.length && info.trim() === "") {
      fence = undefined
      return false
    }
    return fence === undefined
  })
}

describe("toMarkdown", () => {
  it("shows the role, time and text of each message", () => {
    const markdown = toMarkdown(record)
    assert.include(markdown, "## 1. user, 2026-01-01T00:00:00.000Z\n\n```text\nhello\n```\n\n## 2. assistant")
    assert.include(markdown, "- answered: mock/mock-model")
    assert.isTrue(markdown.endsWith("```\n"))
  })

  it("shows tools, attachments and opaque parts", () => {
    const markdown = saying(
      { _tag: "ToolCall", id: "c1", name: "weather", arguments: { city: "Zürich" } },
      { _tag: "ToolResult", id: "c1", result: "rain", isError: true },
      { _tag: "File", name: "a *b*.pdf", mediaType: "application/pdf", source: { _tag: "Inline", base64: "AAAA" } },
      { _tag: "Image", mediaType: "image/png", source: { _tag: "Remote", url: "https://example.com/a>b?c=<d>" } },
      { _tag: "Opaque", provider: "mock", kind: "thinking", data: "{}", text: "Hm." }
    )
    assert.include(markdown, "Tool call: weather (c1)\n\n```json\n{\n  \"city\": \"Zürich\"\n}\n```")
    assert.include(markdown, "Tool error (c1)\n\n```text\nrain\n```")
    assert.include(markdown, "File: a \\*b\\*\\.pdf, application/pdf, 3 bytes")
    assert.include(markdown, "Image: image/png, <https://example.com/a%3Eb?c=%3Cd%3E>")
    assert.include(markdown, "thinking of mock\n\n```text\nHm.\n```")
    assert.notInclude(markdown, "{}")
  })

  it.each([
    "```\n## 2. assistant, forged",
    "````\n## forged\n`````\n# forged",
    "text\n```text\n```\n# forged",
    "\r\n```\r\n# forged",
    "# forged",
    "![forged](https://evil.example/pixel)\n<img src=x>"
  ])("never renders message text as part of the document: %j", (text) => {
    for (
      const markdown of [
        saying({ _tag: "Text", text }),
        saying({ _tag: "ToolResult", id: "c", result: text, isError: false })
      ]
    ) {
      assert.notMatch(outside(markdown).join("\n"), /forged|evil|img/)
      assert.include(markdown, text)
    }
  })

  it.each([
    "a\n# forged",
    "[a](https://evil.example)",
    "![a](x)",
    "<b>a</b>",
    "https://evil.example",
    "www.evil.example",
    "ada@evil.example",
    "`a`",
    "*a* _b_ ~c~ | d"
  ])("escapes inline text: %j", (name) => {
    const markdown = toMarkdown({
      ...record,
      session: { ...record.session, userId: UserId.make("ada", true), config: { name } }
    })
    const [heading = ""] = markdown.split("\n")
    assert.notMatch(heading.slice(2), /(?<!\\)[`*_[\]<>~|!#.:@&]/)
  })
})
