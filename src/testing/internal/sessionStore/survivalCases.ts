import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import assert from "node:assert/strict"
import { SessionEvent } from "../../../domain/Events.js"
import { Epoch, IdempotencyKey } from "../../../domain/Ids.js"
import { Message } from "../../../domain/Message.js"
import { emptyRollup as rollup, toUtcDay } from "../../../domain/Rollup.js"
import { SessionInfo } from "../../../domain/Session.js"
import { makeSessionContext, SessionContext, updateContext } from "../../../domain/SessionContext.js"
import { emptySessionMetrics, SessionMetrics } from "../../../domain/SessionMetrics.js"
import { Turn } from "../../../domain/Turn.js"
import { IdGenerator } from "../../../services/IdGenerator.js"
import { SessionStore } from "../../../services/SessionStore.js"
import {
  at,
  createSession,
  deadLetterOf,
  deletionOf,
  eventOf,
  forkSession,
  messageOf,
  messagesOf,
  ownSession,
  seqsOf,
  sessionOf,
  turnOf
} from "./samples.js"
import { assertDies, assertFails, assertSame, survivalCase } from "./suite.js"

const keyOfTurn = IdempotencyKey.make("a-key")

/**
 * What a store still has after it is reopened.
 */
export const survivalCases = [
  survivalCase(
    "keeps a session with all of its data",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { id } = yield* createSession({ config: { name: "kept" } })
      const { context, epoch, metrics } = yield* store.open(id, 0)
      yield* store.commit(id, epoch, {
        status: "idle",
        lastActivityAt: at(5),
        messages: messagesOf(id, 1, 3),
        turns: [turnOf(id, 1, { status: "completed" }), turnOf(id, 2)],
        context: yield* updateContext(context, { user: { name: "Ada" } }, at(4)),
        metrics: { ...metrics, totalMessages: 3, lastMessageAt: at(3) }
      })
      return id
    }),
    Effect.fnUntraced(function*(id) {
      const store = yield* SessionStore
      assertSame(
        SessionInfo,
        yield* store.get(id),
        sessionOf(id, { config: { name: "kept" }, status: "idle", lastActivityAt: at(5), messageCount: 3 })
      )
      assertSame(
        SessionContext,
        yield* store.context(id),
        yield* updateContext(makeSessionContext(id, at(0)), { user: { name: "Ada" } }, at(4))
      )
      assertSame(
        SessionMetrics,
        yield* store.metrics(id),
        { ...emptySessionMetrics(id), totalMessages: 3, lastMessageAt: at(3) }
      )
      const { items } = yield* store.messages(id, {})
      assert.deepEqual(items.map(({ seq }) => seq), [1, 2, 3])
      for (const message of items) assertSame(Message, message, messageOf(id, message.seq))
      const [second, first] = yield* store.turns(id, 10)
      assert.ok(first && second)
      assertSame(Turn, second, turnOf(id, 2))
      assertSame(Turn, first, turnOf(id, 1, { status: "completed" }))
      assert.ok((yield* store.unfinished).includes(id))
    })
  ),

  survivalCase(
    "keeps a session's epoch and metrics",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* ownSession(4)
      yield* store.commit(id, epoch, {
        clearMessages: true,
        turns: [turnOf(id, 1, { status: "completed" })],
        context: yield* updateContext(makeSessionContext(id, at(0)), { system: { epoch } }, at(1))
      })
      return id
    }),
    Effect.fnUntraced(function*(id) {
      const store = yield* SessionStore
      const earlier = Epoch.make(Number((yield* store.context(id)).system.epoch))
      const { epoch, lastOrdinal, lastSeq } = yield* store.open(id, 10)
      assert.deepEqual([epoch > earlier, lastSeq, lastOrdinal], [true, 4, 1])
      yield* assertFails("OwnershipLost", store.commit(id, earlier, { messages: messagesOf(id, 5, 5) }))
      yield* store.commit(id, epoch, { messages: messagesOf(id, 5, 5) })
    })
  ),

  survivalCase(
    "keeps events and idempotency keys",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* ownSession(0)
      const message = messageOf(id, 1)
      const turn = turnOf(id, 1, { key: keyOfTurn, digest: "digest" })
      yield* store.commit(id, epoch, {
        messages: [message],
        turns: [turn],
        events: [
          eventOf(id, 2, { _tag: "TurnAccepted", turnId: turn.id }),
          eventOf(id, 3, { _tag: "MessageSent", message }),
          eventOf(id, 4, { _tag: "SessionErrored", reason: "failed" })
        ],
        delivered: 3
      })
      return id
    }),
    Effect.fnUntraced(function*(id) {
      const store = yield* SessionStore
      const turn = turnOf(id, 1, { key: keyOfTurn, digest: "digest" })
      assertSame(Turn, Option.getOrThrow(yield* store.turnByKey(id, keyOfTurn)), turn)
      assertSame(Schema.Array(SessionEvent), yield* store.events(id, 1, 10), [
        eventOf(id, 2, { _tag: "TurnAccepted", turnId: turn.id }),
        eventOf(id, 3, { _tag: "MessageSent", message: messageOf(id, 1) }),
        eventOf(id, 4, { _tag: "SessionErrored", reason: "failed" })
      ])
      const { delivered, epoch, lastEvent } = yield* store.open(id, 0)
      assert.deepEqual([lastEvent, delivered], [4, 3])
      yield* assertDies(store.commit(id, epoch, { turns: [turnOf(id, 2, { key: keyOfTurn })] }))
    })
  ),

  survivalCase(
    "keeps a fork's shared messages after its original is removed, and rewound messages",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const origin = yield* ownSession(2)
      const context = yield* updateContext(makeSessionContext(origin.id, at(0)), { user: { name: "Ada" } }, at(3))
      yield* store.commit(origin.id, origin.epoch, { context })
      yield* store.commit(origin.id, origin.epoch, { messages: messagesOf(origin.id, 3, 4) })
      const { epoch, id } = yield* forkSession(origin.id, 4)
      yield* store.remove(origin.id, origin.epoch)
      yield* store.commit(id, epoch, { rewindTo: 3, messages: messagesOf(id, 5, 5) })
      return id
    }),
    Effect.fnUntraced(function*(id) {
      const store = yield* SessionStore
      // A store's internal key of a removed session must not be reused.
      yield* ownSession(9).pipe(Effect.provide(IdGenerator.layer))
      assert.deepEqual(yield* seqsOf(id), [1, 2, 3, 5])
      assert.deepEqual(yield* seqsOf(id, { rewound: true }), [1, 2, 3, 4, 5])
      assert.equal((yield* store.get(id)).messageCount, 4)
      assert.deepEqual((yield* store.contextAt(id, 2)).user, { name: "Ada" })
    })
  ),

  survivalCase(
    "keeps dead letters and an undelivered deletion",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* ownSession(0)
      yield* store.remove(id, epoch, deletionOf(id, 2))
      const other = yield* ownSession(0)
      yield* store.commit(other.id, other.epoch, { deadLetters: [deadLetterOf(id, 1, { sessionId: other.id })] })
      return id
    }),
    Effect.fnUntraced(function*(id) {
      const store = yield* SessionStore
      assertSame(SessionEvent, Option.getOrThrow(yield* store.deletion(id)), deletionOf(id, 2))
      const { items } = yield* store.deadLetters({ hook: deadLetterOf(id, 1).hook })
      assert.deepEqual(items.map(({ number }) => number), [1])
      yield* store.settleDeletion(id, [])
      assert.ok(Option.isNone(yield* store.deletion(id)))
    })
  ),

  survivalCase(
    "keeps usage, also of removed sessions",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* ownSession(0)
      const day = toUtcDay(at(0))
      const used = { ...rollup, completedTurns: 2, errors: { EmptyReply: 1 }, maxLatencyMs: 5, latencies: { 5: 3 } }
      yield* store.commit(id, epoch, { usage: [{ day, provider: "mock", model: "mock-model", added: used }] })
      yield* store.remove(id, epoch)
      return id
    }),
    Effect.fnUntraced(function*(id) {
      const store = yield* SessionStore
      const { total } = yield* store.analytics({ userId: sessionOf(id).userId, since: at(0), until: at(1) })
      assert.deepEqual([total.sessions, total.turns, total.errors], [1, 2, { EmptyReply: 1 }])
      assert.deepEqual([total.latency?.count, total.latency?.maxMs], [3, 5])
    })
  ),

  survivalCase(
    "keeps a removed session removed",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* ownSession(2)
      yield* store.commit(id, epoch, { turns: [turnOf(id, 1)] })
      yield* store.remove(id, epoch)
      return id
    }),
    Effect.fnUntraced(function*(id) {
      const store = yield* SessionStore
      yield* assertFails("SessionNotFound", store.get(id))
      yield* assertFails("SessionNotFound", store.messages(id, {}))
      assert.ok(!(yield* store.unfinished).includes(id))
    })
  )
]
