import * as Effect from "effect/Effect"
import assert from "node:assert/strict"
import { Epoch } from "../../../domain/Epoch.js"
import { Message } from "../../../domain/Message.js"
import { initial, SessionContext, update } from "../../../domain/SessionContext.js"
import { SessionInfo } from "../../../domain/SessionInfo.js"
import { empty, SessionMetrics } from "../../../domain/SessionMetrics.js"
import { Turn } from "../../../domain/Turn.js"
import { SessionStore } from "../../../services/SessionStore.js"
import { assertFails } from "./assertFails.js"
import { assertSame } from "./assertSame.js"
import { at, createSession, messageOf, messagesOf, ownSession, sessionOf, turnOf } from "./samples.js"
import { survivalCase } from "./SurvivalCase.js"

/**
 * What is still there when a store is opened again.
 */
export const survivalCases = [
  survivalCase(
    "keeps a session with all that belongs to it",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { id } = yield* createSession({ config: { name: "kept" } })
      const { context, epoch, metrics } = yield* store.open(id, 0)
      yield* store.commit(id, epoch, {
        status: "idle",
        lastActivityAt: at(5),
        messages: messagesOf(id, 1, 3),
        turns: [turnOf(id, 1, { status: "completed" }), turnOf(id, 2)],
        context: yield* update(context, { user: { name: "Ada" } }, at(4)),
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
        yield* update(initial(id, at(0)), { user: { name: "Ada" } }, at(4))
      )
      assertSame(
        SessionMetrics,
        yield* store.metrics(id),
        { ...empty(id), totalMessages: 3, lastMessageAt: at(3) }
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
    "keeps who owns a session, and what it has counted",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* ownSession(4)
      yield* store.commit(id, epoch, {
        clearMessages: true,
        turns: [turnOf(id, 1, { status: "completed" })],
        context: yield* update(initial(id, at(0)), { system: { epoch } }, at(1))
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
