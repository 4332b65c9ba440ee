import { assert, describe, it } from "@effect/vitest"
import { Either, FastCheck, Schema } from "effect"
import { InvalidRequest } from "../../src/domain/error/RequestError.js"
import { SessionId } from "../../src/domain/Ids.js"
import { MessageQuery } from "../../src/domain/Message.js"
import { SendMessage } from "../../src/domain/Send.js"
import { CreateSession, SessionQuery } from "../../src/domain/Session.js"
import { ContextPatch } from "../../src/domain/SessionContext.js"

const canary = "CaNaRy, actual 7\nCaNaRy"
const doors: ReadonlyArray<Schema.Schema.AnyNoContext> = [
  ContextPatch,
  CreateSession,
  MessageQuery,
  SendMessage,
  SessionId,
  SessionQuery
]
const fields = (
  "user conversation userId provider model config context content metadata role since order limit cursor status tags name " +
  "maxMessages autoArchiveAfter providerConfig _tag text mediaType source base64 url id arguments __proto__"
).split(" ")

// Input of nearly the right shape, with the canary in any place.
const { value } = FastCheck.letrec((tie) => ({
  value: FastCheck.oneof(
    { depthSize: "medium" },
    FastCheck.constantFrom<unknown>(canary, canary.repeat(3000), { [canary]: 1 }, [canary], new Error(canary)),
    FastCheck.constantFrom<unknown>("Text", "Image", "Inline", "ToolCall", "user", "ada", "text", 7, true, null, NaN),
    FastCheck.array(tie("value"), { maxLength: 3 }),
    FastCheck.dictionary(FastCheck.constantFrom(...fields, canary), tie("value"), { maxKeys: 5 })
  )
}))

describe("InvalidRequest", () => {
  it("names the field of the intended union member", () => {
    const wrong = { content: [{ _tag: "Text", text: "fine" }, { _tag: "Text", text: 7 }] }
    const error = Either.getOrThrow(Either.flip(Schema.decodeUnknownEither(SendMessage)(wrong)))
    assert.deepStrictEqual(InvalidRequest.fromParseError(error).path, ["content", "1", "text"])
  })

  it("never formats the input, which may be large", () => {
    let written = 0
    const large = { toString: () => String(written++) }
    for (const input of [large, { content: large }, { content: [{ _tag: "Text", text: large }] }]) {
      const error = Either.getOrThrow(Either.flip(Schema.decodeUnknownEither(SendMessage)(input)))
      assert.notStrictEqual(InvalidRequest.fromParseError(error).reason, "")
    }
    assert.strictEqual(written, 0)
  })

  it("never quotes the input", () => {
    let refused = 0
    FastCheck.assert(
      FastCheck.property(FastCheck.constantFrom(...doors), value, (schema, input) => {
        const result = Schema.decodeUnknownEither(schema)(input)
        if (Either.isRight(result)) return
        refused += 1
        const error = InvalidRequest.fromParseError(result.left)
        const seen = `${error.message} ${JSON.stringify(Schema.encodeSync(InvalidRequest)(error))} ${String(error)}`
        assert.notInclude(seen, "CaNaRy")
        assert.notInclude(seen, "actual")
        assert.isAtMost(error.message.length, 1000)
      }),
      { numRuns: 1000 }
    )
    assert.isAbove(refused, 100)
  })

  it.each<[string, Schema.Schema.AnyNoContext, unknown, string]>([
    ["a wrong value", CreateSession, { userId: "ada", provider: "mock", model: "" }, "\"model\" must be"],
    ["a missing field", CreateSession, { userId: "ada", provider: "mock" }, "\"model\" is missing"],
    [
      "a field inside a field",
      CreateSession,
      { userId: "ada", provider: "mock", model: "m", config: { autoArchiveAfter: "soon" } },
      "\"config.autoArchiveAfter\" must be a duration such as \"7 days\", or a number of milliseconds"
    ],
    ["a wrong choice", MessageQuery, { order: "random" }, "\"order\" must be one of \"oldest\", \"newest\""],
    ["a number out of range", SessionQuery, { limit: 501 }, "\"limit\" must be a number between 1 and 500"],
    ["blank text", SendMessage, { content: " " }, "\"content\" must not be empty"],
    [
      "text that is too long",
      SendMessage,
      { content: "a".repeat(262_145) },
      "\"content\" must be a string at most 262144 characters long"
    ],
    ["a reserved key", ContextPatch, { user: { prototype: 1 } }, "\"user\" holds the reserved key \"prototype\""],
    [
      "a moment",
      SessionQuery,
      { since: "yesterday" },
      "\"since\" must be a time in ISO 8601, such as 2026-03-01T12:00:00Z"
    ],
    ["the whole request", SessionId, 7, "The request must be"],
    ["undefined", SendMessage, undefined, "The request must be"]
  ])("names the field and the rule: %s", (_, schema, input, message) => {
    const result = Schema.decodeUnknownEither(schema)(input)
    assert(Either.isLeft(result))
    assert.include(InvalidRequest.fromParseError(result.left).message, message)
  })
})
