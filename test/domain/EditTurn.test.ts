import { assert, describe, it } from "@effect/vitest"
import { Either, Schema } from "effect"
import { TurnId } from "../../src/domain/Ids.js"
import { EditTurn } from "../../src/domain/Send.js"

const decode = Schema.decodeUnknownEither(EditTurn)

describe("EditTurn", () => {
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
    ["what is no turn's id", { turnId: "../turn", content: "Hello" }],
    ["a reserved key", { turnId: "turn-1", content: "Hello", metadata: JSON.parse("{\"__proto__\":{}}") as unknown }]
  ])("refuses %s", (_, input) => assert.isTrue(Either.isLeft(decode(input))))
})
