import * as Effect from "effect/Effect"
import assert from "node:assert/strict"
import { SessionInfo } from "../../../domain/Session.js"
import { SessionContext, updateContext } from "../../../domain/SessionContext.js"
import { countMessage, emptySessionMetrics, SessionMetrics } from "../../../domain/SessionMetrics.js"
import type { SessionChanges } from "../../../services/SessionChanges.js"
import { SessionStore } from "../../../services/SessionStore.js"
import { at, createSession, messageOf, messagesOf, ownSession, turnOf } from "./samples.js"
import { assertDies, assertSame, conformanceCase } from "./suite.js"

/**
 * A commit is atomic.
 */
export const commitCases = [
  conformanceCase(
    "stores every field of a commit and leaves other fields unchanged",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const session = yield* createSession()
      const { id } = session
      const { context, epoch } = yield* store.open(id, 0)
      const message = messageOf(id, 1)
      const metrics = countMessage(emptySessionMetrics(id), message)
      const changed = yield* updateContext(context, { conversation: { topic: "stores" } }, at(7))
      yield* store.commit(id, epoch, { messages: [message], metrics, context: changed })
      assertSame(SessionInfo, yield* store.get(id), { ...session, messageCount: 1 })
      assertSame(SessionMetrics, yield* store.metrics(id), metrics)
      assertSame(SessionContext, yield* store.context(id), changed)

      yield* store.commit(id, epoch, { status: "idle", lastActivityAt: at(9), messages: messagesOf(id, 2, 3) })
      const now = { ...session, status: "idle" as const, lastActivityAt: at(9), messageCount: 3 }
      assertSame(SessionInfo, yield* store.get(id), now)
      assertSame(SessionMetrics, yield* store.metrics(id), metrics)
      assertSame(SessionContext, yield* store.context(id), changed)

      yield* store.commit(id, epoch, {})
      assertSame(SessionInfo, yield* store.get(id), now)
    })
  ),

  conformanceCase(
    "stores nothing of a commit whose messages do not continue the history",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* ownSession(2)
      const other = yield* ownSession(0)
      const before = yield* store.open(other.id, 0)
      const session = yield* store.get(id)
      const rest: SessionChanges = {
        status: "archived",
        lastActivityAt: at(99),
        context: { ...before.context, sessionId: id, version: before.context.version + 1, user: { leaked: true } },
        metrics: { ...before.metrics, sessionId: id, providerCalls: 9 },
        clearMessages: true,
        turns: [turnOf(id, 1)]
      }
      const repeated = { ...messageOf(id, 4), id: messageOf(id, 3).id }
      for (
        const messages of [
          messagesOf(id, 4, 5),
          messagesOf(id, 2, 3),
          [messageOf(id, 3), messageOf(id, 5)],
          [messageOf(id, 3), messageOf(id, 3)],
          [messageOf(id, 3), messageOf(id, 4, repeated)],
          messagesOf(other.id, 3, 3)
        ]
      ) yield* assertDies(store.commit(id, epoch, { ...rest, messages }))
      yield* assertDies(store.commit(id, epoch, { messages: [messageOf(id, 3, { id: messageOf(id, 1).id })] }))

      assertSame(SessionInfo, yield* store.get(id), session)
      assert.deepEqual((yield* store.messages(id, {})).items.map(({ seq }) => seq), [1, 2])
      assert.deepEqual(yield* store.turns(id, 10), [])
      assert.deepEqual((yield* store.context(id)).user, {})
      assert.equal((yield* store.metrics(id)).providerCalls, 0)
      assert.deepEqual((yield* store.open(id, 0)).lastSeq, 2)
    })
  ),

  conformanceCase(
    "stores nothing of a commit that reuses a turn's ordinal",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* ownSession(0)
      yield* store.commit(id, epoch, { turns: [turnOf(id, 1)] })
      yield* assertDies(
        store.commit(id, epoch, { messages: messagesOf(id, 1, 1), turns: [{ ...turnOf(id, 2), ordinal: 1 }] })
      )
      assert.deepEqual((yield* store.turns(id, 10)).map((turn) => turn.id), [turnOf(id, 1).id])
      assert.deepEqual(yield* store.messages(id, {}), { items: [] })
    })
  ),

  conformanceCase(
    "clears a history and never reuses a seq",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* ownSession(3)
      yield* store.commit(id, epoch, { clearMessages: true })
      assert.deepEqual(yield* store.messages(id, {}), { items: [] })
      assert.equal((yield* store.get(id)).messageCount, 0)
      yield* assertDies(store.commit(id, epoch, { messages: messagesOf(id, 1, 1) }))

      yield* store.commit(id, epoch, { messages: messagesOf(id, 4, 5) })
      yield* store.commit(id, epoch, { clearMessages: true, messages: messagesOf(id, 6, 6) })
      assert.deepEqual((yield* store.messages(id, {})).items.map(({ seq }) => seq), [6])
      assert.equal((yield* store.get(id)).messageCount, 1)

      const { lastSeq, window } = yield* store.open(id, 10)
      assert.equal(lastSeq, 6)
      assert.deepEqual(window.map(({ seq }) => seq), [6])
    })
  ),

  conformanceCase(
    "keeps 200 concurrent commits to 20 sessions apart",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const owners = yield* Effect.all(Array.from({ length: 20 }, () => ownSession(0)), { concurrency: "unbounded" })
      yield* Effect.forEach(
        owners,
        ({ epoch, id }) =>
          Effect.forEach(Array.from({ length: 10 }, (_, index) => index + 1), (n) =>
            store.commit(id, epoch, {
              messages: messagesOf(id, 2 * n - 1, 2 * n),
              turns: [turnOf(id, n, { status: n === 10 ? "calling" : "completed" })]
            })),
        { concurrency: "unbounded" }
      )
      for (const { id } of owners) {
        const { items } = yield* store.messages(id, {})
        assert.deepEqual(items.map(({ seq }) => seq), Array.from({ length: 20 }, (_, index) => index + 1))
        assert.ok(items.every(({ sessionId }) => sessionId === id))
        const { lastOrdinal, lastSeq, openTurns, session } = yield* store.open(id, 0)
        assert.deepEqual([lastSeq, lastOrdinal, session.messageCount], [20, 10, 20])
        assert.deepEqual(openTurns.map(({ ordinal }) => ordinal), [10])
      }
    })
  )
]
