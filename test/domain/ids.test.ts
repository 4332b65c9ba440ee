import { assert, describe, it } from "@effect/vitest"
import { Either, FastCheck, Schema } from "effect"
import { IdempotencyKey, MessageId, SessionId, TurnId, UserId } from "../../src/domain/Ids.js"

const accepts = (schema: Schema.Schema.AnyNoContext, input: unknown): boolean =>
  Either.isRight(Schema.decodeUnknownEither(schema)(input))

describe.each([["SessionId", SessionId], ["TurnId", TurnId], ["MessageId", MessageId]])("%s", (_, schema) => {
  it("is 1 to 64 letters, digits, - and _", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.stringMatching(/^[A-Za-z0-9_-]{1,64}$/), (id) => accepts(schema, id))
    )
  })

  it.each([
    ["nothing", ""],
    ["one character too many", "a".repeat(65)],
    ["a line feed at the end", "session\n"],
    ["a NUL", "a\0b"],
    ["a path", "../etc/passwd"],
    ["a dot", "a.b"],
    ["a quote", "a'--"],
    ["a letter that is not ASCII", "séance"],
    ["a lone surrogate", "a\uD800"],
    ["an operator object", { $gt: "" }],
    ["a number", 7],
    ["an array", ["a"]]
  ])("is not %s", (_, input) => assert.isFalse(accepts(schema, input)))
})

describe("IdempotencyKey", () => {
  it("is 1 to 128 letters, digits, _, ., : and -", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.stringMatching(/^[A-Za-z0-9_.:-]{1,128}$/), (key) => accepts(IdempotencyKey, key))
    )
  })

  it.each([
    ["nothing", ""],
    ["one character too many", "a".repeat(129)],
    ["a line feed at the end", "key\n"],
    ["a NUL", "a\0b"],
    ["a space", "a key"],
    ["a slash", "a/b"],
    ["a lone surrogate", "a\uD800"],
    ["an operator object", { $gt: "" }],
    ["a number", 7]
  ])("is not %s", (_, input) => assert.isFalse(accepts(IdempotencyKey, input)))
})

describe("UserId", () => {
  it.each(["ada", "ada@example.org", "auth0|5f7c", "Ада Лавлейс", "a".repeat(256)])(
    "is %s",
    (input) => assert.isTrue(accepts(UserId, input))
  )

  it.each([
    ["nothing", ""],
    ["blank at the start", " ada"],
    ["blank at the end", "ada "],
    ["one character too many", "a".repeat(257)],
    ["a NUL", "a\0b"],
    ["a line feed inside", "ada\nadmin"],
    ["an escape sequence", "\u001b[2Jada"],
    ["a control character above ASCII", "a\u009bb"],
    ["a lone surrogate, which a store would change", "ada\uD800"],
    ["an operator object", { $ne: "" }]
  ])("is not %s", (_, input) => assert.isFalse(accepts(UserId, input)))
})
