import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import assert from "node:assert/strict"
import { ProviderTransient } from "../../../domain/error/ProviderError.js"
import { TurnStopped } from "../../../domain/error/TurnError.js"
import { SessionEvent } from "../../../domain/Events.js"
import { type SessionId, TurnId } from "../../../domain/Ids.js"
import { makeSessionContext, updateContext } from "../../../domain/SessionContext.js"
import { SessionStore } from "../../../services/SessionStore.js"
import {
  at,
  createSession,
  eventOf,
  failedAttempt,
  forkSession,
  messageOf,
  messagesOf,
  ownSession,
  sessionOf,
  target,
  turnOf
} from "./samples.js"
import { assertDies, assertSame, conformanceCase } from "./suite.js"

const numbersOf = (id: SessionId, after = 0, limit = 100) =>
  Effect.map(
    Effect.flatMap(SessionStore, (store) => store.events(id, after, limit)),
    (events) => events.map(({ number }) => number)
  )

/** A commit with every kind of change, each in an event. */
const everything = Effect.fnUntraced(function*(id: SessionId) {
  const [asked, answered] = messagesOf(id, 1, 2)
  assert.ok(asked && answered)
  const context = yield* updateContext(makeSessionContext(id, at(0)), { user: { name: "Ada" } }, at(3))
  const error = new ProviderTransient({ provider: "mock", reason: "overloaded", context: { status: 529 } })
  const turns = [
    turnOf(id, 1, { status: "completed" }),
    turnOf(id, 2, { status: "failed", error }),
    turnOf(id, 3, { status: "stopped", error: new TurnStopped({ turnId: turnOf(id, 3).id }) }),
    turnOf(id, 4, { status: "completed", joined: turnOf(id, 1).id })
  ]
  const [one, two, three, four] = turns.map((turn) => turn.id)
  assert.ok(one && two && three && four)
  const bodies = [
    { _tag: "TurnAccepted", turnId: one },
    { _tag: "TurnEdited", turnId: one },
    { _tag: "MessageSent", message: asked },
    { _tag: "TurnStarted", turnId: one },
    { _tag: "TurnJoined", turnId: four, into: one },
    { _tag: "MessageReceived", message: answered },
    { _tag: "TurnCompleted", turnId: one },
    { _tag: "TurnNoticed", turnId: two, notice: { _tag: "AttemptFailed", attempt: failedAttempt } },
    { _tag: "TurnNoticed", turnId: two, notice: { _tag: "PartsOmitted", ...target, kinds: ["Image \"a\" \0"] } },
    { _tag: "TurnFailed", turnId: two, error },
    { _tag: "SessionConfigured", ...target },
    { _tag: "TurnStopped", turnId: three },
    { _tag: "ContextUpdated", context },
    { _tag: "SessionErrored", reason: "it \"failed\" \0 again" },
    { _tag: "SessionArchived" },
    { _tag: "SessionReactivated" },
    { _tag: "MessagesRewound", to: 1 },
    { _tag: "MessagesCleared" }
  ] as const
  const events = bodies.map((body, index) => eventOf(id, index + 2, body))
  return { messages: [asked, answered], context, turns, events }
})

/**
 * The events of a session.
 */
export const eventCases = [
  conformanceCase(
    "starts the events with the session as it was created",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const session = yield* createSession({ config: { name: "first" }, createdAt: at(3), lastActivityAt: at(3) })
      const { id } = session
      const { delivered, epoch, lastEvent } = yield* store.open(id, 0)
      assert.deepEqual([lastEvent, delivered], [1, 1])
      yield* store.commit(id, epoch, { status: "archived", lastActivityAt: at(9), messages: messagesOf(id, 1, 2) })
      const [created, ...rest] = yield* store.events(id, 0, 10)
      assert.ok(created)
      assertSame(SessionEvent, created, {
        _tag: "SessionCreated",
        sessionId: id,
        number: 1,
        at: at(3),
        session
      })
      assert.deepEqual(rest, [])

      const fork = yield* forkSession(id, 2)
      const [forked] = yield* store.events(fork.id, 0, 10)
      assert.ok(forked)
      assertSame(SessionEvent, forked, {
        _tag: "SessionCreated",
        sessionId: fork.id,
        number: 1,
        at: at(0),
        session: sessionOf(fork.id, { forkedFrom: { sessionId: id, seq: 2 }, messageCount: 2 })
      })
    })
  ),

  conformanceCase(
    "returns each event as it was committed",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* ownSession(0)
      const changes = yield* everything(id)
      const { events } = changes
      const tags = new Set(events.map(({ _tag }) => _tag))
      assert.equal(tags.size, SessionEvent.members.length - 2)
      yield* store.commit(id, epoch, changes)
      const read = yield* store.events(id, 1, 100)
      assertSame(Schema.Array(SessionEvent), read, events)
      assertSame(Schema.Array(SessionEvent), yield* store.events(id, 4, 3), events.slice(3, 6))
      assert.deepEqual(yield* store.events(id, 99, 10), [])
      const { lastEvent } = yield* store.open(id, 0)
      assert.equal(lastEvent, events.length + 1)
    })
  ),

  conformanceCase(
    "omits events of cleared messages, even when a fork still has the messages",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* ownSession(0)
      const changes = yield* everything(id)
      yield* store.commit(id, epoch, changes)
      yield* forkSession(id, 2)
      const last = changes.events.length + 1
      yield* store.commit(id, epoch, { rewindTo: 0 })
      assert.equal((yield* numbersOf(id)).length, last)

      const message = messageOf(id, 3)
      yield* store.commit(id, epoch, {
        clearMessages: true,
        messages: [message],
        events: [eventOf(id, last + 1, { _tag: "MessageSent", message })]
      })
      const kept = [eventOf(id, 1, { _tag: "MessagesCleared" }), ...changes.events]
        .filter(({ _tag }) => _tag !== "MessageSent" && _tag !== "MessageReceived")
        .map(({ number }) => number)
      assert.deepEqual(yield* numbersOf(id), [...kept, last + 1])
      assert.deepEqual(yield* numbersOf(id, 2, 3), [3, 5, 6])
      assert.ok(!JSON.stringify(yield* store.events(id, 0, 100)).includes(messageOf(id, 1).text))
    })
  ),

  conformanceCase(
    "stores nothing of a commit whose events are out of order or inconsistent",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* ownSession(0)
      const other = yield* ownSession(0)
      const cleared = (number: number, of = id) => eventOf(of, number, { _tag: "MessagesCleared" })
      const turn = turnOf(id, 1)
      const of = (tag: "SessionCreated" | "SessionDeleted") =>
        tag === "SessionDeleted"
          ? eventOf(id, 2, { _tag: tag, userId: sessionOf(id).userId, provider: "mock" })
          : eventOf(id, 2, { _tag: tag, session: sessionOf(id) })
      const refused: ReadonlyArray<ReadonlyArray<SessionEvent>> = [
        [cleared(1)],
        [cleared(3)],
        [cleared(2), cleared(4)],
        [cleared(2), cleared(2)],
        [cleared(2, other.id)],
        [of("SessionCreated")],
        [of("SessionDeleted")],
        [eventOf(id, 2, { _tag: "TurnEdited", turnId: TurnId.make("unknown") })],
        [eventOf(id, 2, { _tag: "TurnFailed", turnId: turn.id, error: new TurnStopped({ turnId: turn.id }) })],
        [eventOf(id, 2, { _tag: "TurnJoined", turnId: turn.id, into: turn.id })]
      ]
      for (const events of refused) {
        yield* assertDies(store.commit(id, epoch, { messages: messagesOf(id, 1, 1), turns: [turn], events }))
      }
      yield* assertDies(store.commit(id, epoch, { messages: messagesOf(id, 1, 1), delivered: 2 }))
      yield* assertDies(store.commit(id, epoch, { events: [cleared(2)], delivered: 3 }))
      assert.deepEqual(yield* numbersOf(id), [1])
      assert.deepEqual(yield* store.turns(id, 1), [])
      const { delivered, lastEvent, lastSeq } = yield* store.open(id, 0)
      assert.deepEqual([lastSeq, lastEvent, delivered], [0, 1, 1])
    })
  ),

  conformanceCase(
    "accepts an event of a turn from an earlier commit",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* ownSession(0)
      const turn = turnOf(id, 1)
      yield* store.commit(id, epoch, { turns: [turn] })
      const event = eventOf(id, 2, { _tag: "TurnStarted", turnId: turn.id })
      yield* store.commit(id, epoch, { events: [event] })
      assertSame(Schema.Array(SessionEvent), yield* store.events(id, 1, 10), [event])
    })
  ),

  conformanceCase(
    "lists sessions with undelivered events and never lowers the delivered number",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* ownSession(0)
      const isUnfinished = Effect.map(store.unfinished, (ids) => ids.filter((other) => other === id).length)
      assert.equal(yield* isUnfinished, 0)
      const events = [2, 3].map((number) => eventOf(id, number, { _tag: "SessionArchived" }))
      yield* store.commit(id, epoch, { events, turns: [turnOf(id, 1)] })
      assert.equal(yield* isUnfinished, 1)
      yield* store.commit(id, epoch, { turns: [turnOf(id, 1, { status: "completed" })], delivered: 2 })
      assert.equal(yield* isUnfinished, 1)
      yield* store.commit(id, epoch, { delivered: 3 })
      assert.equal(yield* isUnfinished, 0)
      yield* store.commit(id, epoch, { delivered: 1 })
      assert.equal(yield* isUnfinished, 0)
      yield* store.commit(id, epoch, { events: [eventOf(id, 4, { _tag: "SessionArchived" })], delivered: 4 })
      assert.equal(yield* isUnfinished, 0)
      assert.equal((yield* store.open(id, 0)).delivered, 4)
    })
  )
]
