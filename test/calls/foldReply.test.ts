import { assert, describe, it } from "@effect/vitest"
import { FastCheck } from "effect"
import { maxTextLength } from "../../src/domain/Input.js"
import type { FinishReason, ToolCallPart } from "../../src/domain/Message.js"
import { foldReply } from "../../src/services/internal/calls/foldReply.js"
import { ProviderEvent } from "../../src/services/Provider.js"

const call: ToolCallPart = { _tag: "ToolCall", id: "call-1", name: "weather", arguments: { city: "Turin" } }

const foldOf = (...events: ReadonlyArray<string | ToolCallPart>) => {
  const fold = foldReply()
  for (const event of events) {
    fold.add(
      typeof event === "string" ? ProviderEvent.TextDelta({ text: event }) : ProviderEvent.ToolCall({ part: event })
    )
  }
  return fold
}

const partsOf = (finishReason: FinishReason, ...events: ReadonlyArray<string | ToolCallPart>) =>
  foldOf(...events).reply(finishReason).parts

const text = (text: string) => ({ _tag: "Text", text })

describe("foldReply", () => {
  it("joins the text before, between and after tool calls, in order", () => {
    const other = { ...call, id: "call-2" }
    assert.deepStrictEqual<unknown>(
      partsOf("toolCalls", "Let ", "me ", "look", call, other, "", "Now", " this", call, ""),
      [text("Let me look"), call, other, text("Now this"), call]
    )
  })

  it("keeps the text of a cut reply, and none of its tool calls", () => {
    assert.deepStrictEqual<unknown>(partsOf("cut", "Let me", call, " look"), [text("Let me"), text(" look")])
    assert.deepStrictEqual(partsOf("cut", call), [])
  })

  it("loses no character, wherever the deltas are split", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.fullUnicodeString({ minLength: 1 }), (whole) => {
        assert.deepStrictEqual<unknown>(partsOf("complete", ...whole.split("")), [text(whole)])
      })
    )
  })

  it("replaces a lone surrogate, also where a tool call splits a pair", () => {
    assert.deepStrictEqual<unknown>(
      partsOf("complete", "a\uD800", "b", "\uD83D", call, "\uDE00"),
      [text("a\uFFFDb\uFFFD"), call, text("\uFFFD")]
    )
  })

  it("is not too long at the limit, and drops the excess", () => {
    const most = "x".repeat(maxTextLength)
    const fold = foldOf(most.slice(2), "xx")
    assert.isFalse(fold.isTooLong())
    fold.add(ProviderEvent.TextDelta({ text: "y" }))
    assert.isTrue(fold.isTooLong())
    assert.deepStrictEqual<unknown>(fold.reply("cut").parts, [text(most)])
  })

  it("counts the text of all its parts together", () => {
    const fold = foldOf("x".repeat(maxTextLength - 1), call, "yz", "z")
    assert.isTrue(fold.isTooLong())
    assert.deepStrictEqual<unknown>(fold.reply("complete").parts.at(-1), text("y"))
  })

  it("ends a text with U+FFFD where the limit splits a pair", () => {
    const [part] = partsOf("cut", `${"x".repeat(maxTextLength - 1)}\u{1F600}`)
    assert(part?._tag === "Text")
    assert.strictEqual(part.text.length, maxTextLength)
    assert.strictEqual(part.text.at(-1), "\uFFFD")
  })

  it("has no finish reason before the Finished event, and then all of its fields", () => {
    const fold = foldOf("Hi")
    assert.isUndefined(fold.finished()?.reason)
    assert.deepStrictEqual<unknown>(fold.reply("cut"), { parts: [text("Hi")], finishReason: "cut", metadata: {} })

    const usage = { inputTokens: 1, outputTokens: 2 }
    fold.add(ProviderEvent.Finished({ reason: "length", usage, messageId: "m-1", metadata: { tier: "fast" } }))
    assert.strictEqual(fold.finished()?.reason, "length")
    assert.deepStrictEqual<unknown>(fold.reply("length"), {
      parts: [text("Hi")],
      finishReason: "length",
      metadata: {},
      usage,
      providerMessageId: "m-1",
      providerMetadata: { tier: "fast" }
    })
  })
})
