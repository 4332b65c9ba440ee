import { assert, describe, it } from "@effect/vitest"
import { Either, Schema } from "effect"
import type * as AST from "effect/SchemaAST"
import { AnalyticsQuery } from "../../src/domain/Analytics.js"
import { DeadLetterQuery, ReplayDeadLetters } from "../../src/domain/DeadLetter.js"
import { InvalidRequest } from "../../src/domain/error/RequestError.js"
import { WatchSession } from "../../src/domain/Events.js"
import { MessageContent, MessageQuery } from "../../src/domain/Message.js"
import { TextQuery } from "../../src/domain/Search.js"
import { EditTurn, SendMessage, StopTurn } from "../../src/domain/Send.js"
import { ConfigureSession, CreateSession, ForkSession, RewindSession, SessionQuery } from "../../src/domain/Session.js"
import { SessionConfig } from "../../src/domain/SessionConfig.js"
import { ContextPatch } from "../../src/domain/SessionContext.js"
import { CleanupSessions } from "../../src/domain/Store.js"
import { ExportSessions, ImportOptions, SessionExport, SessionRecord } from "../../src/domain/Transfer.js"
import { recordOf } from "./record.js"

const schemas: ReadonlyArray<[string, Schema.Schema.AnyNoContext, valid?: object]> = [
  ["AnalyticsQuery", AnalyticsQuery],
  ["CleanupSessions", CleanupSessions],
  ["ConfigureSession", ConfigureSession],
  ["ContextPatch", ContextPatch],
  ["CreateSession", CreateSession, { userId: "ada", provider: "p", model: "m" }],
  ["DeadLetterQuery", DeadLetterQuery],
  ["EditTurn", EditTurn, { turnId: "t", content: "hi" }],
  ["ExportSessions", ExportSessions],
  ["ForkSession", ForkSession],
  ["ImportOptions", ImportOptions],
  ["MessageContent", MessageContent, { content: "hi" }],
  ["MessageQuery", MessageQuery],
  ["ReplayDeadLetters", ReplayDeadLetters],
  ["RewindSession", RewindSession, { to: "m" }],
  ["SendMessage", SendMessage, { content: "hi" }],
  ["SessionConfig", SessionConfig],
  ["SessionQuery", SessionQuery],
  ["SessionRecord", SessionRecord, Schema.encodeSync(SessionExport)(recordOf("s"))],
  ["StopTurn", StopTurn],
  ["TextQuery", TextQuery, { text: "hi" }],
  ["WatchSession", WatchSession]
]

const wrong = [undefined, null, 7.5, true, "", "xx\n", [], {}, [7], [null], [{}], { a: 1 }, [{ _tag: "Other" }]]

const fieldsOf = (ast: AST.AST): ReadonlyArray<string> => {
  if (ast._tag === "TypeLiteral") return ast.propertySignatures.map(({ name }) => String(name))
  return ast._tag === "Refinement" || ast._tag === "Transformation" ? fieldsOf(ast.from) : []
}

const messageOf = (schema: Schema.Schema.AnyNoContext, input: unknown): string | undefined => {
  const result = Schema.decodeUnknownEither(schema, { onExcessProperty: "error" })(input)
  return Either.isLeft(result) ? InvalidRequest.fromParseError(result.left).message : undefined
}

// Matches names of schemas and types, and the punctuation of a printed schema.
const internal = /FromSelf|Utc\b|JsonRecord|Schema|Encoded|instance|readonly|brand|filter|[<>{}|]|\(s\)/

describe.each(schemas)("The errors of %s", (_, schema, valid = {}) => {
  it.each(fieldsOf(schema.ast))("name the field and what it must be: %s", (field) => {
    const messages = wrong.flatMap((value) => messageOf(schema, { ...valid, [field]: value }) ?? [])
    assert.isNotEmpty(messages)
    for (const message of messages) {
      assert.notMatch(message, internal)
      assert.match(message, /^("[^"]+"|The request) (must|is|holds|has) /)
    }
    assert.isTrue(messages.some((message) => message.startsWith(`"${field}`)), messages.join("\n"))
  })

  it.each([undefined, null, 7, "text", [], true])("say that it must be an object: %j", (input) => {
    assert.match(messageOf(schema, input) ?? "", /^The request must be an object \(got .+\)$/)
  })

  it("list the known fields for an unknown one", () => {
    const message = messageOf(schema, { ...valid, unknownField: 1 }) ?? ""
    assert.match(message, /^"unknownField" is not a known field; known are [A-Za-z, ]+$/)
  })
})

describe("InvalidRequest.fromParseError", () => {
  const Key = Schema.Struct({ key: Schema.String, olderThan: Schema.optional(Schema.DateTimeUtcFromSelf) })

  it.each<[string, Schema.Schema.AnyNoContext, unknown, string]>([
    ["the type that was passed", Key, { key: undefined }, "\"key\" must be a string (got undefined)"],
    [
      "a time for Effect's own DateTime schema",
      Key,
      { key: "a", olderThan: 7 },
      "\"olderThan\" must be a time in ISO 8601, such as 2026-03-01T12:00:00Z"
    ],
    [
      "a time for text that is not one",
      Schema.Struct({ at: Schema.DateTimeUtc }),
      { at: "secret" },
      "\"at\" must be a time in ISO 8601, such as 2026-03-01T12:00:00Z"
    ],
    ["JSON", Schema.parseJson(), "{secret", "The request must be JSON"],
    [
      "JSON inside a field",
      Schema.Struct({ data: Schema.parseJson(Key) }),
      { data: "[secret" },
      "\"data\" must be JSON"
    ],
    ["every choice", Schema.Literal("a", "b"), "secret", "The request must be one of \"a\", \"b\""],
    [
      "the tags of a union",
      Schema.Union(Schema.TaggedStruct("A", {}), Schema.TaggedStruct("B", {})),
      { _tag: "secret" },
      "\"_tag\" must be one of \"A\", \"B\""
    ],
    [
      "each kind of a union once",
      Schema.Union(Key, Schema.Number, Schema.Struct({ id: Schema.Number })),
      true,
      "The request must be an object or a number (got a boolean)"
    ],
    ["an array", Schema.Array(Schema.Int), {}, "The request must be an array (got an object)"],
    ["a number in text", Schema.NumberFromString, "secret", "The request must be a string"],
    ["a URL", Schema.Struct({ url: Schema.URL }), { url: "secret" }, "\"url\" must be a string"]
  ])("names %s", (_, schema, input, message) => {
    assert.strictEqual(messageOf(schema, input), message)
  })

  it("does not let a message of a schema quote the input", () => {
    const quoting = Schema.String.pipe(
      Schema.filter(() => false, { message: ({ actual }) => `must not be ${String(actual)}` })
    )
    assert.strictEqual(messageOf(quoting, "secret"), "The request must not be undefined")
  })

  it("uses a message for the parts only where it overrides theirs", () => {
    const inner = Schema.Struct({ a: Schema.String })
    const plain = inner.annotations({ message: () => "must be right" })
    const overriding = inner.annotations({ message: () => ({ message: "must be right", override: true }) })
    assert.strictEqual(messageOf(plain, { a: 1 }), "\"a\" must be a string (got a number)")
    assert.strictEqual(messageOf(overriding, { a: 1 }), "The request must be right")
  })
})
