import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Either, FastCheck, Schema } from "effect"
import { AnalyticsGroup, AnalyticsQuery } from "../../src/domain/Analytics.js"
import { DeadLetterQuery, ReplayDeadLetters } from "../../src/domain/DeadLetter.js"
import { FeedPosition, WatchSession } from "../../src/domain/Events.js"
import { IdempotencyKey, MessageId, SessionId, TurnId, UserId } from "../../src/domain/Ids.js"
import { MessageQuery, Part, Role } from "../../src/domain/Message.js"
import { Cursor } from "../../src/domain/Page.js"
import { TextQuery } from "../../src/domain/Search.js"
import { EditTurn, SendMessage, StopTurn } from "../../src/domain/Send.js"
import {
  ConfigureSession,
  CreateSession,
  ForkSession,
  RewindSession,
  SessionQuery,
  SessionStatus
} from "../../src/domain/Session.js"
import { ContextPatch } from "../../src/domain/SessionContext.js"
import { CleanupSessions } from "../../src/domain/Store.js"
import { ExportSessions, ImportOptions } from "../../src/domain/Transfer.js"
import { BusyPolicy, OnUnknown } from "../../src/domain/Turn.js"
import { jsonObject } from "./jsonObject.js"

const partial = <A>(fields: { [K in keyof A]: FastCheck.Arbitrary<A[K]> }) =>
  FastCheck.record(fields, { requiredKeys: [] })

const text = FastCheck.oneof(
  FastCheck.fullUnicodeString(),
  FastCheck.constantFrom("\uD800", "a\uDC00b", "\0", "\u202E", " blank around ")
)
const limit = FastCheck.integer({ min: 1, max: 1000 })
const timeSpan = FastCheck.oneof(
  FastCheck.double({ min: 1, max: 1e12, noNaN: true }),
  FastCheck.constantFrom("7 days", "1 millis", "1000000 nanos")
)
const duration = FastCheck.oneof<Array<FastCheck.Arbitrary<number | string>>>(
  FastCheck.integer({ min: 0 }),
  FastCheck.double({ min: 0, max: 1e12, noNaN: true }),
  FastCheck.tuple(FastCheck.nat(), FastCheck.constantFrom("millis", "seconds", "days", "weeks", "nanos")).map((all) =>
    all.join(" ")
  )
)
const since = FastCheck.date({ noInvalidDate: true }).map((date) => date.toISOString())
const page = { limit: FastCheck.integer({ min: 1, max: 500 }), cursor: Arbitrary.make(Cursor) }
const userId = Arbitrary.make(UserId).filter(Schema.is(UserId))

const contextPatch = partial({ user: jsonObject, conversation: jsonObject, provider: jsonObject, system: jsonObject })

const shortText = (options: FastCheck.StringSharedConstraints) =>
  FastCheck.fullUnicodeString(options).filter((text) => !/[\p{Cc}\p{Cs}]/u.test(text))
const name = FastCheck.fullUnicodeString({ minLength: 1, maxLength: 20 })
const inline = FastCheck.record({
  _tag: FastCheck.constant("Inline"),
  base64: FastCheck.base64String({ minLength: 4 })
})
const mediaType = FastCheck.constantFrom("image/png", "application/pdf")
const part = FastCheck.oneof(
  FastCheck.record({ _tag: FastCheck.constant("Text"), text }),
  FastCheck.record({ _tag: FastCheck.constant("Image"), mediaType, source: inline }),
  FastCheck.record({ _tag: FastCheck.constant("File"), name, mediaType, source: inline }),
  FastCheck.record({ _tag: FastCheck.constant("ToolCall"), id: name, name, arguments: jsonObject }),
  FastCheck.record({ _tag: FastCheck.constant("ToolResult"), id: name, result: text, isError: FastCheck.boolean() })
)
const content = FastCheck.oneof(
  text.filter((text) => text.trim() !== ""),
  FastCheck.tuple(FastCheck.constant({ _tag: "Text", text: "." }), part, part)
)

const sessionId = Arbitrary.make(SessionId)
const target = FastCheck.record({
  provider: shortText({ minLength: 1, maxLength: 20 }),
  model: shortText({ minLength: 1, maxLength: 20 })
})
const sessions = {
  userId,
  provider: name,
  status: Arbitrary.make(SessionStatus),
  tags: FastCheck.array(name, { maxLength: 16 }),
  since
}

const inputs: ReadonlyArray<[string, Schema.Schema.AnyNoContext, FastCheck.Arbitrary<unknown>]> = [
  [
    "AnalyticsQuery",
    AnalyticsQuery,
    FastCheck.oneof(
      partial({ since, userId, groupBy: Arbitrary.make(AnalyticsGroup), limit }),
      partial({
        until: since,
        provider: shortText({ minLength: 1, maxLength: 20 }),
        model: shortText({ minLength: 1, maxLength: 20 }),
        tag: shortText({ minLength: 1, maxLength: 20 })
      }),
      FastCheck.record({
        since: FastCheck.constant("2026-01-01T12:00:00+02:00"),
        until: FastCheck.constant("2026-01-01T10:00:00.001Z")
      })
    )
  ],
  [
    "CleanupSessions",
    CleanupSessions,
    FastCheck.oneof(
      FastCheck.record({ olderThan: timeSpan, status: Arbitrary.make(SessionStatus), limit }),
      FastCheck.record({
        before: since,
        action: FastCheck.constantFrom("archive", "delete"),
        dryRun: FastCheck.boolean()
      })
    )
  ],
  [
    "ConfigureSession",
    ConfigureSession,
    partial({
      provider: shortText({ minLength: 1, maxLength: 20 }),
      model: shortText({ minLength: 1, maxLength: 20 }),
      providerConfig: jsonObject,
      fallbacks: FastCheck.array(target, { maxLength: 8 })
    })
  ],
  ["ContextPatch", ContextPatch, contextPatch],
  [
    "CreateSession",
    CreateSession,
    FastCheck.record({
      userId,
      provider: shortText({ minLength: 1, maxLength: 20 }),
      model: shortText({ minLength: 1, maxLength: 20 }),
      config: partial({
        name: shortText({ maxLength: 256 }),
        tags: FastCheck.array(FastCheck.constantFrom("a", "b", "c")),
        maxMessages: limit,
        autoArchiveAfter: duration,
        autoDeleteAfter: duration,
        providerConfig: jsonObject
      }),
      context: contextPatch
    }, { requiredKeys: ["userId", "provider", "model"] })
  ],
  ["DeadLetterQuery", DeadLetterQuery, partial({ hook: FastCheck.constantFrom("audit", "a-b"), sessionId, ...page })],
  ["EditTurn", EditTurn, FastCheck.record({ turnId: Arbitrary.make(TurnId), content })],
  ["ExportSessions", ExportSessions, partial(sessions)],
  [
    "ForkSession",
    ForkSession,
    partial({ at: Arbitrary.make(MessageId), userId, config: partial({ maxMessages: limit }) })
  ],
  [
    "ImportOptions",
    ImportOptions,
    partial({ ids: FastCheck.constantFrom("keep", "renumber"), namespace: FastCheck.uuid() })
  ],
  [
    "MessageQuery",
    MessageQuery,
    partial({ role: Arbitrary.make(Role), since, rewound: FastCheck.boolean(), ...page })
  ],
  ["Part", Part, part],
  ["ReplayDeadLetters", ReplayDeadLetters, partial({ hook: FastCheck.constantFrom("audit", "a-b"), sessionId, limit })],
  ["RewindSession", RewindSession, FastCheck.record({ to: Arbitrary.make(MessageId) })],
  [
    "SendMessage",
    SendMessage,
    FastCheck.record({
      content,
      metadata: jsonObject,
      key: Arbitrary.make(IdempotencyKey),
      whenBusy: Arbitrary.make(BusyPolicy),
      timeout: timeSpan,
      stopOnDisconnect: FastCheck.boolean(),
      onUnknown: Arbitrary.make(OnUnknown)
    }, { requiredKeys: ["content"] })
  ],
  [
    "SessionQuery",
    SessionQuery,
    partial({ ...sessions, ...page })
  ],
  ["StopTurn", StopTurn, partial({ turnId: Arbitrary.make(TurnId), keepPartial: FastCheck.boolean() })],
  [
    "TextQuery",
    TextQuery,
    FastCheck.record({
      text: FastCheck.constantFrom("two words", "\"a phrase\" beg*", "ＷＩＤＥ -x", "naïve 🧵 \u202e"),
      userId,
      sessionId,
      role: Arbitrary.make(Role),
      since,
      ...page
    }, { requiredKeys: ["text"] })
  ],
  ["WatchSession", WatchSession, partial({ from: Arbitrary.make(FeedPosition) })]
]

describe("Decoded input decodes again to the same value", () => {
  it.each(inputs)("%s", (_, schema, input) => {
    const decode = Schema.decodeUnknownEither(schema)
    const encode = Schema.encodeUnknownSync(schema)
    FastCheck.assert(
      FastCheck.property(input, (input) => {
        const once = Either.getOrThrowWith(decode(input), ({ message }) => new Error(message))
        const twice = Either.getOrThrowWith(decode(once), ({ message }) => new Error(message))
        assert.deepStrictEqual(twice, once)
        // Also over the wire: encoding, decoding and encoding again gives the same JSON.
        const wire = JSON.stringify(encode(once))
        assert.strictEqual(JSON.stringify(encode(Either.getOrThrow(decode(JSON.parse(wire))))), wire)
      })
    )
  })
})
