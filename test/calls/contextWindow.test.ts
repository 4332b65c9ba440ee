import { assert, describe, it } from "@effect/vitest"
import { Message, type Part } from "../../src/domain/Message.js"
import { contextWindow, estimateTokens } from "../../src/services/internal/calls/contextWindow.js"
import { entry, toolCall, toolResult } from "../host/steps.js"

const text = (length: number): Part => ({ _tag: "Text", text: "x".repeat(length) })
const history = (...messages: ReadonlyArray<ReadonlyArray<Part>>) =>
  messages.map((parts, index) => new Message(entry(index + 1, index % 2 === 0 ? "user" : "assistant", parts)))
const seqs = (view: ReadonlyArray<Message>) => view.map(({ seq }) => seq)
const roomy = { messages: 100, tokens: 1_000_000 }

describe("contextWindow", () => {
  const four = history([text(40)], [text(40)], [text(40)], [text(40)])

  it("returns the same array when all messages fit", () => {
    assert.strictEqual(contextWindow(four, roomy), four)
    assert.strictEqual(contextWindow(four, { messages: 4, tokens: 40 }), four)
  })

  it("returns the latest messages within both limits", () => {
    assert.deepStrictEqual(seqs(contextWindow(four, { messages: 3, tokens: 40 })), [2, 3, 4])
    assert.deepStrictEqual(seqs(contextWindow(four, { messages: 4, tokens: 39 })), [2, 3, 4])
    assert.deepStrictEqual(seqs(contextWindow(four, { messages: 4, tokens: 20 })), [3, 4])
  })

  it("always includes the last message, however long", () => {
    assert.deepStrictEqual(
      seqs(contextWindow(history([text(4)], [text(4)], [text(4000)]), { messages: 1, tokens: 1 })),
      [3]
    )
    assert.deepStrictEqual(contextWindow([], roomy), [])
  })

  it("starts after a tool result rather than between it and its call", () => {
    const called = history([text(4)], [toolCall("a")], [toolResult("a")], [text(4)], [text(4)])
    assert.deepStrictEqual(seqs(contextWindow(called, { messages: 4, tokens: 1000 })), [2, 3, 4, 5])
    assert.deepStrictEqual(seqs(contextWindow(called, { messages: 3, tokens: 1000 })), [4, 5])
    assert.deepStrictEqual(seqs(contextWindow(called, { messages: 2, tokens: 1000 })), [4, 5])
  })

  it("starts with the call when the last message is its result", () => {
    const called = history([text(4)], [toolCall("a"), toolCall("b")], [toolResult("b")], [toolResult("a"), text(4)])
    for (const messages of [1, 2, 3]) {
      assert.deepStrictEqual(seqs(contextWindow(called, { messages, tokens: 1 })), [2, 3, 4])
    }
  })

  it("keeps a result without a call as it is", () => {
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
