import { assert, describe, it } from "@effect/vitest"
import { Message } from "../../src/domain/Message.js"
import type { Part } from "../../src/domain/Message.js"
import { estimateTokens } from "../../src/services/internal/calls/contextWindow.js"
import { contextWindow } from "../../src/services/internal/calls/contextWindow.js"
import { entry, toolCall, toolResult } from "../host/steps.js"

const text = (length: number): Part => ({ _tag: "Text", text: "x".repeat(length) })
const history = (...messages: ReadonlyArray<ReadonlyArray<Part>>) =>
  messages.map((parts, index) => new Message(entry(index + 1, index % 2 === 0 ? "user" : "assistant", parts)))
const seqs = (view: ReadonlyArray<Message>) => view.map(({ seq }) => seq)
const roomy = { messages: 100, tokens: 1_000_000 }

describe("viewOf", () => {
  const four = history([text(40)], [text(40)], [text(40)], [text(40)])

  it("shows all when that keeps to the limits, and the very same array", () => {
    assert.strictEqual(contextWindow(four, roomy), four)
    assert.strictEqual(contextWindow(four, { messages: 4, tokens: 40 }), four)
  })

  it("shows the latest messages, as many as may be and as many tokens", () => {
    assert.deepStrictEqual(seqs(contextWindow(four, { messages: 3, tokens: 40 })), [2, 3, 4])
    assert.deepStrictEqual(seqs(contextWindow(four, { messages: 4, tokens: 39 })), [2, 3, 4])
    assert.deepStrictEqual(seqs(contextWindow(four, { messages: 4, tokens: 20 })), [3, 4])
  })

  it("always shows the last message, however long", () => {
    assert.deepStrictEqual(
      seqs(contextWindow(history([text(4)], [text(4)], [text(4000)]), { messages: 1, tokens: 1 })),
      [3]
    )
    assert.deepStrictEqual(contextWindow([], roomy), [])
  })

  it("begins behind a tool's result rather than between it and its call", () => {
    const called = history([text(4)], [toolCall("a")], [toolResult("a")], [text(4)], [text(4)])
    assert.deepStrictEqual(seqs(contextWindow(called, { messages: 4, tokens: 1000 })), [2, 3, 4, 5])
    assert.deepStrictEqual(seqs(contextWindow(called, { messages: 3, tokens: 1000 })), [4, 5])
    assert.deepStrictEqual(seqs(contextWindow(called, { messages: 2, tokens: 1000 })), [4, 5])
  })

  it("begins with the call when the result is what is to be answered", () => {
    const called = history([text(4)], [toolCall("a"), toolCall("b")], [toolResult("b")], [toolResult("a"), text(4)])
    for (const messages of [1, 2, 3]) {
      assert.deepStrictEqual(seqs(contextWindow(called, { messages, tokens: 1 })), [2, 3, 4])
    }
  })

  it("shows a result that has no call anywhere as it is", () => {
    assert.deepStrictEqual(
      seqs(contextWindow(history([text(4)], [text(4)], [toolResult("z")]), { ...roomy, messages: 1 })),
      [
        3
      ]
    )
  })
})

describe("estimateTokens", () => {
  it.each<[Part, number]>([
    [text(10), 3],
    [{ _tag: "Image", mediaType: "image/png", source: { _tag: "Inline", base64: "AAAA" } }, 1600],
    [{ _tag: "File", name: "a", mediaType: "text/plain", source: { _tag: "Inline", base64: "A".repeat(800) } }, 100],
    [{ _tag: "File", name: "a", mediaType: "text/plain", source: { _tag: "Remote", url: "https://a.b" } }, 1600],
    [{ _tag: "ToolCall", id: "1", name: "look", arguments: { a: 1 } }, 3],
    [toolResult("a"), 2],
    [{ _tag: "Opaque", provider: "mock", kind: "thinking", data: "x".repeat(400) }, 100]
  ])("counts %o", (part, tokens) => {
    assert.strictEqual(estimateTokens([part]), tokens)
  })
})
