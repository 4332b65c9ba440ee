import { assert, describe, it } from "@effect/vitest"
import { DateTime, Equal, Hash, HashSet, Schema } from "effect"
import { MessageId, SessionId } from "../../src/domain/Ids.js"
import { Message } from "../../src/domain/Message.js"
import { isTerminal, TurnStatus } from "../../src/domain/Turn.js"

const make = (id: string, parts: Message["parts"]) =>
  new Message({
    id: MessageId.make(id),
    sessionId: SessionId.make("session"),
    seq: 1,
    role: "user",
    parts,
    createdAt: DateTime.unsafeMake(0),
    metadata: {}
  })

describe("Message", () => {
  it("concatenates its text parts in order", () => {
    const message = make("message", [
      { _tag: "Text", text: "one " },
      { _tag: "ToolCall", id: "call", name: "tool", arguments: {} },
      { _tag: "Text", text: "two" },
      { _tag: "ToolResult", id: "call", result: "not this", isError: false }
    ])
    assert.strictEqual(message.text, "one two")
  })

  it("survives a round trip through JSON", () => {
    const message = make("message", [{ _tag: "Text", text: "a\0b \u{1F600}" }])
    const wire: unknown = JSON.parse(JSON.stringify(Schema.encodeSync(Message)(message)))
    assert.deepStrictEqual(Schema.decodeUnknownSync(Message)(wire), message)
  })

  it("can be compared and hashed while it is frozen", () => {
    const frozen = Object.freeze(make("message", []))
    const other = Object.freeze(make("other", []))
    assert.isFalse(Equal.equals(frozen, other))
    assert.strictEqual(Hash.hash(frozen), Hash.hash(make("message", [])))
    assert.isTrue(HashSet.has(HashSet.make(frozen), frozen))
    assert.isFalse(HashSet.has(HashSet.make(frozen), other))
  })
})

describe("TurnStatus", () => {
  it("is terminal unless accepted or calling", () => {
    assert.deepStrictEqual(TurnStatus.literals.filter((status) => !isTerminal(status)), ["accepted", "calling"])
  })
})
