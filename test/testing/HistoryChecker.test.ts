import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { SessionBusy, SessionNotFound } from "../../src/domain/error/SessionError.js"
import { TurnInterrupted } from "../../src/domain/error/TurnError.js"
import { type SessionEvent, toFeedPosition, type TurnDelta } from "../../src/domain/Events.js"
import { IdempotencyKey, MessageId, TurnId } from "../../src/domain/Ids.js"
import { Message } from "../../src/domain/Message.js"
import type { Turn } from "../../src/domain/Turn.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { HistoryChecker } from "../../src/testing/index.js"
import { now, session, sessionId } from "../domain/conversation.js"

type LogEntry = HistoryChecker.LogEntry

interface History {
  readonly messages: ReadonlyArray<Message>
  readonly turns: ReadonlyArray<Turn>
  readonly events: ReadonlyArray<SessionEvent>
  readonly log: ReadonlyArray<LogEntry>
}

const one = TurnId.make("one")
const two = TurnId.make("two")
const makeKey = (turnId: TurnId) => IdempotencyKey.make(`key-${turnId}`)

const message = (seq: number, turnId: TurnId, over: Partial<typeof Message.Type> = {}): Message =>
  new Message({
    id: MessageId.make(`message-${seq}`),
    sessionId,
    seq,
    turnId,
    role: seq % 2 === 1 ? "user" : "assistant",
    parts: [{ _tag: "Text", text: `text ${seq}` }],
    createdAt: now,
    metadata: {},
    ...over
  })

const turn = (ordinal: number, id: TurnId, over: Partial<Turn> = {}): Turn => ({
  id,
  sessionId,
  ordinal,
  status: "completed",
  attempt: 1,
  acceptedAt: now,
  promptSeq: 2 * ordinal - 1,
  replySeq: 2 * ordinal,
  key: makeKey(id),
  ...over
})

const messages = [message(1, one), message(2, one), message(3, two), message(4, two)] as const
const turns = [turn(1, one), turn(2, two)] as const

const makeEvents = (first: number, turnId: TurnId, asked: Message, replied: Message): ReadonlyArray<SessionEvent> => [
  { _tag: "TurnAccepted", sessionId, number: first, at: now, turnId },
  { _tag: "MessageSent", sessionId, number: first + 1, at: now, message: asked },
  { _tag: "TurnStarted", sessionId, number: first + 2, at: now, turnId },
  { _tag: "MessageReceived", sessionId, number: first + 3, at: now, message: replied },
  { _tag: "TurnCompleted", sessionId, number: first + 4, at: now, turnId }
]

const events: ReadonlyArray<SessionEvent> = [
  { _tag: "SessionCreated", sessionId, number: 1, at: now, session },
  ...makeEvents(2, one, messages[0], messages[1]),
  ...makeEvents(7, two, messages[2], messages[3])
]

const delta = (turnId: TurnId, offset: number, text: string): typeof TurnDelta.Type => ({
  _tag: "TurnDelta",
  turnId,
  offset,
  text
})

const fed = (event: SessionEvent | typeof TurnDelta.Type): LogEntry => ({
  _tag: "Fed",
  sessionId,
  watcher: "w",
  position: toFeedPosition({ number: event._tag === "TurnDelta" ? 4 : event.number, offset: 0 }),
  event
})

/** What a watcher receives from the start. The first reply arrives in two pieces. */
const feed: ReadonlyArray<LogEntry> = events.flatMap((event) =>
  event.number === 4 ? [fed(event), fed(delta(one, 0, "te")), fed(delta(one, 2, "xt 2"))] : [fed(event)]
)

const answered = (turnId: TurnId, reply: Message): ReadonlyArray<LogEntry> => [
  { _tag: "Sent", sessionId, key: makeKey(turnId) },
  { _tag: "Called", sessionId, turnId },
  { _tag: "Accepted", sessionId, key: makeKey(turnId), turnId },
  { _tag: "Replied", sessionId, key: makeKey(turnId), message: reply }
]

const log: ReadonlyArray<LogEntry> = [
  ...answered(one, messages[1]),
  ...answered(two, messages[3]),
  { _tag: "Watched", sessionId, watcher: "w" },
  ...feed
]

const good: History = { messages, turns, events, log }

const makeStore = ({ events, messages, turns }: History) =>
  Layer.mock(SessionStore, {
    durability: "memory",
    get: () => Effect.succeed(session),
    messages: () => Effect.succeed({ items: messages }),
    turns: () => Effect.succeed(turns.toReversed()),
    events: (_id, after) => Effect.succeed(events.filter(({ number }) => number > after))
  })

const brokenRules = (over: Partial<History>, options?: HistoryChecker.CheckOptions) => {
  const history = { ...good, ...over }
  return HistoryChecker.check(history.log, options).pipe(
    Effect.map((found) => found.map(({ promise, rule }) => `${promise} ${rule}`)),
    Effect.provide(makeStore(history))
  )
}

const without = <A>(all: ReadonlyArray<A>, index: number): ReadonlyArray<A> => all.filter((_, at) => at !== index)
const put = <A>(all: ReadonlyArray<A>, index: number, value: A): ReadonlyArray<A> =>
  all.map((each, at) => (at === index ? value : each))

const failed = (error: HistoryChecker.LogEntry & { _tag: "Failed" }): ReadonlyArray<LogEntry> => [
  ...answered(one, messages[1]),
  error
]

const busy: LogEntry & { _tag: "Failed" } = {
  _tag: "Failed",
  sessionId,
  key: makeKey(two),
  error: new SessionBusy({ sessionId, retryAfterMs: 100 })
}
const interrupted = { ...busy, error: new TurnInterrupted({ turnId: two }) }

describe("HistoryChecker", () => {
  it.effect("finds nothing in a correct history", () =>
    Effect.map(brokenRules({}), (rules) => assert.deepStrictEqual(rules, [])))

  it.effect.each<[string, string, Partial<History>]>([
    ["a gap between messages", "2 SeqNotDense", { messages: put(messages, 3, message(5, two, { role: "assistant" })) }],
    ["a first message whose seq is not 1", "2 SeqNotDense", { messages: messages.slice(1) }],
    ["two messages with one seq", "2 SeqNotDense", { messages: [...messages, message(4, two, { role: "system" })] }],
    ["a gap between turns", "2 OrdinalNotDense", { turns: [turns[0], { ...turns[1], ordinal: 3 }] }],
    ["a gap between events", "2 EventsNotDense", { events: without(events, 5) }],
    ["a turn between the messages of another", "3 TurnsInterleaved", {
      messages: [message(1, one), message(2, two), message(3, two), message(4, one)]
    }],
    ["a turn that overtook another", "3 TurnsOutOfOrder", {
      turns: [{ ...turns[0], promptSeq: 3 }, { ...turns[1], promptSeq: 1 }]
    }],
    ["an accepted turn that is missing", "6 TurnMissing", { turns: [turns[0]] }],
    ["a reply that is missing", "6 ReplyMissing", { messages: messages.slice(0, 3) }],
    ["a reply with another text", "6 ReplyChanged", {
      messages: put(messages, 3, message(4, two, { parts: [{ _tag: "Text", text: "else" }] }))
    }],
    ["a rejected send that was stored", "6 RejectedStored", { log: failed(busy) }],
    ["two turns with one key", "7 TurnTwice", { turns: [turns[0], { ...turns[1], key: makeKey(one) }] }],
    ["a key that was answered with two turns", "7 TurnTwice", {
      log: [...log, { _tag: "Accepted", sessionId, key: makeKey(one), turnId: two }]
    }],
    ["a question that was stored twice", "7 QuestionTwice", { messages: [...messages, message(5, two)] }],
    ["a completed turn without a reply", "8 CompletedWithoutReply", { messages: messages.slice(0, 3) }],
    ["a turn that ended twice", "8 EndChanged", {
      events: [...events, { _tag: "TurnStopped", sessionId, number: 12, at: now, turnId: two }]
    }],
    ["an acknowledged reply of an interrupted turn", "8 EndChanged", {
      turns: [turns[0], { ...turns[1], status: "interrupted" }]
    }],
    ["an acknowledged failure of a completed turn", "8 EndChanged", { log: failed(interrupted) }],
    ["a second provider call", "9 CalledTwice", { log: [...log, { _tag: "Called", sessionId, turnId: two }] }],
    ["a provider call of an unknown turn", "9 CalledWithoutIntent", {
      log: [...log, { _tag: "Called", sessionId, turnId: TurnId.make("three") }]
    }],
    ["a provider call before its intent was stored", "9 CalledWithoutIntent", {
      turns: [turns[0], { ...turns[1], attempt: 0 }]
    }],
    ["a turn that never ended", "10 TurnLeftOpen", { turns: [turns[0], { ...turns[1], status: "calling" }] }],
    ["a watcher that misses an event", "19 FeedGap", { log: without(log, log.length - 2) }],
    ["a watcher that misses the first event", "19 FeedGap", { log: without(log, 9) }],
    ["a watcher that misses the last event", "19 FeedGap", { log: log.slice(0, -1) }],
    ["a watcher that misses a piece of a reply", "19 FeedGap", { log: without(log, 13) }],
    ["a watcher that received an event twice", "19 FeedRepeat", { log: [...log, ...log.slice(-1)] }],
    ["a watcher that received a piece of a reply twice", "19 FeedRepeat", {
      log: log.toSpliced(14, 0, log[13] ?? busy)
    }],
    ["a watcher that received a different event", "19 FeedDiffers", {
      log: put(log, log.length - 1, fed({ _tag: "TurnStopped", sessionId, number: 11, at: now, turnId: two }))
    }],
    ["a watcher that received an event that is not stored", "19 FeedDiffers", {
      log: [...log, fed({ _tag: "TurnStarted", sessionId, number: 12, at: now, turnId: two })]
    }],
    ["a watcher that received different text", "19 DeltasDiffer", { log: put(log, 13, fed(delta(one, 0, "ta"))) }]
  ])("finds %s", ([, rule, over]) => Effect.map(brokenRules(over), (rules) => assert.include(rules, rule)))

  it.effect("finds a missing session", () =>
    Effect.gen(function*() {
      const found = yield* HistoryChecker.check(log)
      assert.deepStrictEqual(found.map(({ rule }) => rule), ["SessionMissing"])
      assert.deepStrictEqual(yield* HistoryChecker.check([busy]), [])
    }).pipe(
      Effect.provide(Layer.mock(SessionStore, { durability: "memory", get: () => new SessionNotFound({ sessionId }) }))
    ))

  it.effect.each<[string, Partial<History>, HistoryChecker.CheckOptions?]>([
    ["cleared messages", {
      messages: messages.slice(2),
      events: [
        ...events.filter((event) => event.number !== 3 && event.number !== 5),
        { _tag: "MessagesCleared", sessionId, number: 12, at: now }
      ],
      log: [
        ...log.filter((entry) => entry._tag !== "Replied"),
        fed({
          _tag: "MessagesCleared",
          sessionId,
          number: 12,
          at: now
        })
      ]
    }],
    ["a turn that joined another", {
      messages: [messages[0], message(2, two, { role: "user" }), message(3, one, { role: "assistant" })],
      turns: [{ ...turns[0], replySeq: 3 }, { ...turns[1], promptSeq: 2, replySeq: 3, attempt: 0, joined: one }],
      events: events.slice(0, 1),
      log: []
    }],
    ["a second provider call that the sender allowed", {
      turns: [turns[0], { ...turns[1], onUnknown: "retry", attempt: 2 }],
      log: [...log, { _tag: "Called", sessionId, turnId: two }]
    }],
    ["a turn that interrupts another and runs first", {
      turns: [{ ...turns[0], promptSeq: 3 }, { ...turns[1], promptSeq: 1, whenBusy: "interrupt" }]
    }],
    ["a send that was rejected first and accepted later", { log: [busy, ...log] }],
    ["a failure that leaves open what was stored", {
      log: [...answered(one, messages[1]), { ...busy, error: new SessionNotFound({ sessionId }) }],
      turns: [turns[0]],
      messages: messages.slice(0, 2),
      events: events.slice(0, 6)
    }],
    ["open turns, with settled: false", {
      turns: [turns[0], { ...turns[1], status: "calling" }],
      log: feed.slice(0, 5)
    }, {
      settled: false
    }],
    ["a watcher that starts later", {
      log: [
        { _tag: "Watched", sessionId, watcher: "w", from: toFeedPosition({ number: 4, offset: 2 }) },
        ...feed.slice(5)
      ]
    }]
  ])(
    "accepts %s",
    ([, over, options]) => Effect.map(brokenRules(over, options), (rules) => assert.deepStrictEqual(rules, []))
  )

  it.effect("accepts a log of one JSON entry per line", () =>
    Effect.gen(function*() {
      const line = Schema.parseJson(HistoryChecker.LogEntry)
      const lines = yield* Effect.forEach(log, (entry) => Schema.encode(line)(entry))
      const read = yield* Effect.forEach(lines, (text) => Schema.decode(line)(text))
      assert.deepStrictEqual(yield* brokenRules({ log: read }), [])
      assert.deepStrictEqual(yield* brokenRules({ log: without(read, read.length - 1) }), ["19 FeedGap"])
    }))
})
