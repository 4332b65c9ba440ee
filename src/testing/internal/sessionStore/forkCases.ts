import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import assert from "node:assert/strict"
import { Message } from "../../../domain/Message.js"
import { SessionInfo } from "../../../domain/Session.js"
import { makeSessionContext, SessionContext } from "../../../domain/SessionContext.js"
import { countMessage, emptySessionMetrics, SessionMetrics } from "../../../domain/SessionMetrics.js"
import { IdGenerator } from "../../../services/IdGenerator.js"
import { SessionStore } from "../../../services/SessionStore.js"
import { at, forkSession, messageOf, messagesOf, ownSession, seqsOf, sessionOf, turnOf } from "./samples.js"
import { assertDies, assertFails, assertSame, conformanceCase } from "./suite.js"

/**
 * A fork shares the history before it and nothing else.
 */
export const forkCases = [
  conformanceCase(
    "gives a fork the history up to its message as its own",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const origin = yield* ownSession(4)
      yield* store.commit(origin.id, origin.epoch, {
        turns: [turnOf(origin.id, 1)],
        metrics: countMessage(emptySessionMetrics(origin.id), messageOf(origin.id, 1))
      })
      const { id, session } = yield* forkSession(origin.id, 3)

      const { items } = yield* store.messages(id, {})
      assert.equal(items.length, 3)
      for (const [index, message] of items.entries()) {
        const shared = messageOf(origin.id, index + 1, { sessionId: id })
        assert.ok(message instanceof Message)
        assertSame(Message, message, shared)
        assertSame(Message, yield* store.message(id, shared.id), shared)
        assertSame(Message, Option.getOrThrow(yield* store.messageAt(id, shared.seq)), shared)
      }
      yield* assertFails("MessageNotFound", store.message(id, messageOf(origin.id, 4).id))
      assert.deepEqual(yield* store.messageAt(id, 4), Option.none())

      const snapshot = yield* store.open(id, 2)
      assertSame(SessionInfo, snapshot.session, { ...session, messageCount: 3 })
      assertSame(SessionContext, snapshot.context, makeSessionContext(id, at(100), { system: { forkedAt: 3 } }))
      assertSame(SessionMetrics, snapshot.metrics, emptySessionMetrics(id))
      assert.deepEqual(snapshot.window.map(({ seq, sessionId }) => [seq, sessionId]), [[2, id], [3, id]])
      assert.deepEqual([snapshot.lastSeq, snapshot.lastOrdinal, snapshot.lastEvent], [3, 0, 1])
      assert.deepEqual(yield* store.turns(id, 10), [])
      assertSame(SessionInfo, yield* store.get(id), snapshot.session)
    })
  ),

  conformanceCase(
    "keeps a fork and its original independent",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const origin = yield* ownSession(3)
      const fork = yield* forkSession(origin.id, 2)
      const atEnd = yield* forkSession(origin.id, 3)
      yield* store.commit(fork.id, fork.epoch, { messages: messagesOf(fork.id, 3, 5) })
      yield* store.commit(origin.id, origin.epoch, { messages: messagesOf(origin.id, 4, 4) })
      assert.deepEqual(yield* seqsOf(atEnd.id), [1, 2, 3])

      const { items } = yield* store.messages(fork.id, {})
      const own = (seq: number) => messageOf(fork.id, seq).id
      const shared = (seq: number) => messageOf(origin.id, seq).id
      assert.deepEqual(items.map((message) => message.id), [shared(1), shared(2), own(3), own(4), own(5)])
      assert.deepEqual(yield* seqsOf(origin.id), [1, 2, 3, 4])
      assert.equal((yield* store.get(fork.id)).messageCount, 5)
      yield* assertFails("MessageNotFound", store.message(origin.id, own(3)))
      yield* assertFails("MessageNotFound", store.message(fork.id, shared(3)))
      yield* assertDies(store.commit(fork.id, fork.epoch, { messages: messagesOf(fork.id, 5, 5) }))

      const page = yield* store.messages(fork.id, { limit: 1 })
      assert.ok(page.next)
      assert.deepEqual(yield* seqsOf(fork.id, { limit: 3, cursor: page.next }), [2, 3, 4])
      const newest = yield* store.messages(fork.id, { limit: 2, order: "newest" })
      assert.ok(newest.next)
      assert.deepEqual(yield* seqsOf(fork.id, { limit: 2, order: "newest", cursor: newest.next }), [3, 2])
    })
  ),

  conformanceCase(
    "keeps shared messages in a fork when the original rewinds, clears or is removed",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const origin = yield* ownSession(4)
      const first = yield* forkSession(origin.id, 3)
      yield* store.commit(first.id, first.epoch, { messages: messagesOf(first.id, 4, 5) })
      const second = yield* forkSession(first.id, 4)
      const keeps = Effect.gen(function*() {
        for (const [{ id }, seqs] of [[first, [1, 2, 3, 4, 5]], [second, [1, 2, 3, 4]]] as const) {
          assert.deepEqual(yield* seqsOf(id), seqs)
          assert.equal((yield* store.message(id, messageOf(origin.id, 2).id)).sessionId, id)
          assert.equal((yield* store.open(id, 9)).window.length, seqs.length)
        }
      })

      yield* store.commit(origin.id, origin.epoch, { rewindTo: 1 })
      yield* keeps
      yield* store.commit(origin.id, origin.epoch, { clearMessages: true, messages: messagesOf(origin.id, 5, 5) })
      yield* keeps
      assert.deepEqual(yield* seqsOf(origin.id, { rewound: true }), [5])
      yield* assertFails("MessageNotFound", store.message(origin.id, messageOf(origin.id, 2).id))
      yield* store.remove(origin.id, origin.epoch)
      yield* ownSession(6)
      yield* keeps

      yield* store.remove(first.id, (yield* store.open(first.id, 0)).epoch)
      yield* ownSession(6)
      assert.deepEqual(
        (yield* store.messages(second.id, {})).items.map(({ id }) => id),
        [...messagesOf(origin.id, 1, 3), messageOf(first.id, 4)].map(({ id }) => id)
      )
      const { epoch } = yield* store.open(second.id, 0)
      yield* store.commit(second.id, epoch, { clearMessages: true })
      assert.deepEqual(yield* seqsOf(second.id, { rewound: true }), [])
      assert.equal((yield* store.get(second.id)).messageCount, 0)
      yield* store.commit(second.id, epoch, { messages: messagesOf(second.id, 5, 5) })
    })
  ),

  conformanceCase(
    "keeps shared messages in the original when a fork rewinds, clears or is removed",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const origin = yield* ownSession(3)
      const { epoch, id } = yield* forkSession(origin.id, 3)
      yield* store.commit(id, epoch, { rewindTo: 1 })
      assert.deepEqual([yield* seqsOf(id), yield* seqsOf(id, { rewound: true })], [[1], [1, 2, 3]])
      assert.equal((yield* store.get(id)).messageCount, 1)
      assert.deepEqual(yield* seqsOf(origin.id), [1, 2, 3])
      yield* store.commit(id, epoch, { clearMessages: true })
      assert.deepEqual(yield* seqsOf(origin.id), [1, 2, 3])
      yield* store.remove(id, epoch)
      assert.deepEqual(yield* seqsOf(origin.id), [1, 2, 3])
      assert.equal((yield* store.message(origin.id, messageOf(origin.id, 3).id)).sessionId, origin.id)
    })
  ),

  conformanceCase(
    "forks an empty history and a fully rewound one",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const origin = yield* ownSession(2)
      yield* store.commit(origin.id, origin.epoch, { rewindTo: 0 })
      for (const seq of [0, 2]) {
        const { epoch, id } = yield* forkSession(origin.id, seq)
        assert.deepEqual(yield* seqsOf(id, { rewound: true }), [])
        assert.equal((yield* store.get(id)).messageCount, 0)
        yield* store.commit(id, epoch, { messages: messagesOf(id, seq + 1, seq + 1) })
        assert.deepEqual(yield* seqsOf(id), [seq + 1])
      }
    })
  ),

  conformanceCase(
    "refuses to fork an unknown session or message",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const origin = yield* ownSession(2)
      const id = yield* (yield* IdGenerator).sessionId
      const fork = (from: typeof id, seq: number) => store.fork(from, seq, sessionOf(id), makeSessionContext(id, at(0)))
      yield* assertFails("SessionNotFound", fork(id, 0))
      yield* assertDies(fork(origin.id, 3))
      yield* assertFails("SessionNotFound", store.get(id))
      yield* fork(origin.id, 2)
      yield* assertDies(fork(origin.id, 1))
      assert.deepEqual(yield* seqsOf(id), [1, 2])
    })
  )
]
