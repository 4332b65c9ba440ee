import { assert, describe, it } from "@effect/vitest"
import { Either, Schema } from "effect"
import { InvalidRequest } from "../../src/domain/error/RequestError.js"
import { acceptsMessages, canTransition, CreateSession, SessionStatus } from "../../src/domain/Session.js"

const session = { userId: "ada", provider: "mock", model: "mock-model" }
const decode = Schema.decodeUnknownEither(CreateSession)

/** The short texts of `CreateSession`. */
const fields: ReadonlyArray<[path: string, input: (text: string) => unknown, maxLength: number]> = [
  ["userId", (userId) => ({ ...session, userId }), 256],
  ["provider", (provider) => ({ ...session, provider }), 64],
  ["model", (model) => ({ ...session, model }), 128],
  ["config.name", (name) => ({ ...session, config: { name } }), 256],
  ["config.description", (description) => ({ ...session, config: { description } }), 4096],
  ["config.tags.0", (tag) => ({ ...session, config: { tags: [tag] } }), 64]
]

describe.each(fields)("The short text %s", (path, input, maxLength) => {
  it.each(["mock", "Ада Лавлейс", "a \u202E b", "a\u200Db", "\u{1F600}", "a".repeat(maxLength)])(
    "accepts %j unchanged",
    (text) => assert.deepStrictEqual<unknown>(Either.getOrThrow(decode(input(text))), input(text))
  )

  it.each<[string, string]>([
    ["a NUL", "a\0b"],
    ["a NUL alone", "\0"],
    ["a line feed", "a\nb"],
    ["a line feed at the end", "a\n"],
    ["an escape sequence", "\u001b[2Ja"],
    ["a delete character", "a\u007fb"],
    ["a control character above ASCII", "a\u009bb"],
    ["a lone high surrogate", "a\uD800"],
    ["a lone low surrogate", "\uDC00a"],
    ["one character too many", "a".repeat(maxLength + 1)]
  ])("refuses %s and names the field", (_, text) => {
    const result = decode(input(text))
    assert(Either.isLeft(result))
    const error = InvalidRequest.fromParseError(result.left)
    assert.strictEqual(error.path.join("."), path)
    assert.match(error.reason, /^must be .*(control characters|characters long)/)
  })
})

describe("SessionStatus", () => {
  it("allows these transitions and no others", () => {
    const allowed = SessionStatus.literals.flatMap((from) =>
      SessionStatus.literals.filter((to) => canTransition(from, to)).map((to) => `${from} -> ${to}`)
    )
    assert.deepStrictEqual(allowed, [
      "active -> idle",
      "active -> archived",
      "active -> deleted",
      "active -> error",
      "idle -> active",
      "idle -> archived",
      "idle -> deleted",
      "idle -> error",
      "archived -> active",
      "archived -> deleted",
      "error -> active",
      "error -> archived",
      "error -> deleted"
    ])
  })

  it("accepts messages only while active or idle", () => {
    assert.deepStrictEqual(SessionStatus.literals.filter(acceptsMessages), ["active", "idle"])
  })
})
