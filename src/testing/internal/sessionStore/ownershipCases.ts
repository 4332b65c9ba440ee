import * as Effect from "effect/Effect"
import assert from "node:assert/strict"
import { Message } from "../../../domain/Message.js"
import { SessionInfo } from "../../../domain/Session.js"
import { SessionContext } from "../../../domain/SessionContext.js"
import { SessionMetrics } from "../../../domain/SessionMetrics.js"
import { Turn, type TurnStatus } from "../../../domain/Turn.js"
import { SessionStore } from "../../../services/SessionStore.js"
import { at, messageOf, messagesOf, ownSession, turnOf } from "./samples.js"
import { assertFails, assertSame, conformanceCase } from "./suite.js"

/**
 * A session has one writer.
 */
export const ownershipCases = [
  conformanceCase(
    "refuses the older of two writers and stores nothing of it",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch: older, id } = yield* ownSession(1)
      const { epoch: newer } = yield* store.open(id, 0)
      assert.ok(newer > older)

      yield* assertFails("OwnershipLost", store.commit(id, older, { status: "archived", turns: [turnOf(id, 1)] }))
      yield* assertFails("OwnershipLost", store.commit(id, older, { clearMessages: true }))
      yield* assertFails("OwnershipLost", store.commit(id, older, {}))
      yield* assertFails("OwnershipLost", store.remove(id, older))
      yield* store.commit(id, newer, { messages: messagesOf(id, 2, 2) })
      yield* assertFails("OwnershipLost", store.commit(id, older, { messages: messagesOf(id, 3, 3) }))

      const session = yield* store.get(id)
      assert.deepEqual([session.status, session.messageCount], ["active", 2])
      assert.deepEqual(yield* store.turns(id, 10), [])
    })
  ),

  conformanceCase(
    "lets one of two racing writers win and never mixes their histories",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { id } = yield* ownSession(0)
      const write = (name: string) =>
        Effect.gen(function*() {
          const { epoch, lastSeq } = yield* store.open(id, 0)
          for (let seq = lastSeq + 1; seq <= lastSeq + 20; seq++) {
            yield* store.commit(id, epoch, { messages: [messageOf(id, seq, { metadata: { name, epoch } })] })
          }
          return name
        }).pipe(Effect.catchTag("OwnershipLost", () => Effect.succeed("lost")))
      const outcomes = yield* Effect.all([write("one"), write("two")], { concurrency: "unbounded" })
      const { items } = yield* store.messages(id, {})
      assert.deepEqual(items.map(({ seq }) => seq), items.map((_, index) => index + 1))
      const epochs = items.map(({ metadata }) => Number(metadata.epoch))
      assert.deepEqual(epochs, epochs.toSorted((a, b) => a - b))
      const winner = items.at(-1)?.metadata.name
      assert.equal(items.filter(({ metadata }) => metadata.name === winner).length, 20)
      assert.ok(outcomes.some((outcome) => outcome === winner))
    })
  ),

  conformanceCase(
    "gives a new owner everything it needs to continue",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* ownSession(5)
      const statuses: ReadonlyArray<TurnStatus> = [
        "completed",
        "accepted",
        "failed",
        "calling",
        "stopped",
        "interrupted",
        "accepted"
      ]
      const turns = statuses.map((status, index) => turnOf(id, index + 1, { status }))
      const { context, metrics } = yield* store.open(id, 0).pipe(
        Effect.tap((mine) =>
          store.commit(id, mine.epoch, { turns, metrics: { ...mine.metrics, inputTokens: 7, firstMessageAt: at(1) } })
        )
      )
      const snapshot = yield* store.open(id, 3)
      assert.ok(snapshot.epoch > epoch)
      assertSame(SessionInfo, snapshot.session, yield* store.get(id))
      assertSame(SessionContext, snapshot.context, context)
      assertSame(SessionMetrics, snapshot.metrics, { ...metrics, inputTokens: 7, firstMessageAt: at(1) })
      assert.deepEqual([snapshot.lastSeq, snapshot.lastOrdinal], [5, 7])
      assert.deepEqual(snapshot.window.map(({ seq }) => seq), [3, 4, 5])
      for (const message of snapshot.window) assertSame(Message, message, messageOf(id, message.seq))
      assert.deepEqual(snapshot.openTurns.map(({ ordinal }) => ordinal), [2, 4, 7])
      for (const turn of snapshot.openTurns) {
        const stored = turns[turn.ordinal - 1]
        assert.ok(stored)
        assertSame(Turn, turn, stored)
      }
      assert.deepEqual((yield* store.open(id, 0)).window, [])
      assert.equal((yield* store.open(id, 100)).window.length, 5)
    })
  ),

  conformanceCase(
    "lists sessions with an open turn",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const accepted = yield* ownSession(0)
      const calling = yield* ownSession(0)
      const ended = yield* ownSession(0)
      const none = yield* ownSession(0)
      yield* store.commit(accepted.id, accepted.epoch, { turns: [turnOf(accepted.id, 1), turnOf(accepted.id, 2)] })
      yield* store.commit(calling.id, calling.epoch, { turns: [turnOf(calling.id, 1, { status: "calling" })] })
      yield* store.commit(ended.id, ended.epoch, { turns: [turnOf(ended.id, 1)] })
      yield* store.commit(ended.id, ended.epoch, { turns: [turnOf(ended.id, 1, { status: "completed" })] })
      const mine = new Set([accepted.id, calling.id, ended.id, none.id])
      const unfinished = (yield* store.unfinished).filter((id) => mine.has(id))
      assert.deepEqual(unfinished.toSorted(), [accepted.id, calling.id].toSorted())
    })
  )
]
