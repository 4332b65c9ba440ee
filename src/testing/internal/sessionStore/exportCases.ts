import * as Effect from "effect/Effect"
import assert from "node:assert/strict"
import { MessageId } from "../../../domain/Ids.js"
import { updateContext } from "../../../domain/SessionContext.js"
import { SessionExport } from "../../../domain/Transfer.js"
import { IdGenerator } from "../../../services/IdGenerator.js"
import { SessionStore } from "../../../services/SessionStore.js"
import { at, createSession, messageOf, messagesOf, ownSession, sessionOf, turnOf } from "./samples.js"
import { assertSame, conformanceCase } from "./suite.js"

/**
 * The contents of a session's record.
 */
export const exportCases = [
  conformanceCase(
    "exports a fork independently of its original",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const origin = yield* ownSession(4)
      const contextAfter = (name: string, seq: number) =>
        Effect.flatMap(store.context(origin.id), (context) => updateContext(context, { user: { name } }, at(seq)))
      yield* store.commit(origin.id, origin.epoch, { context: yield* contextAfter("first", 4) })
      yield* store.commit(origin.id, origin.epoch, { rewindTo: 2 })
      yield* store.commit(origin.id, origin.epoch, { messages: messagesOf(origin.id, 5, 8) })
      yield* store.commit(origin.id, origin.epoch, { context: yield* contextAfter("second", 8) })
      const id = yield* (yield* IdGenerator).sessionId
      const context = { ...(yield* store.contextAt(origin.id, 6)), sessionId: id }
      yield* store.fork(origin.id, 6, sessionOf(id, { forkedFrom: { sessionId: origin.id, seq: 6 } }), context)
      const { epoch } = yield* store.open(id, 0)
      yield* store.commit(id, epoch, { messages: messagesOf(id, 7, 9) })
      yield* store.commit(id, epoch, { rewindTo: 8 })

      const record = yield* store.export(id)
      assert.deepEqual(record.messages.map(({ seq }) => seq), [1, 2, 5, 6, 7, 8])
      assert.ok(record.messages.every(({ sessionId }) => sessionId === id))
      assert.deepEqual(record.rewound.map(({ seq }) => seq), [9])
      assert.deepEqual(
        record.contexts.map(({ context, since }) => [since, context.version, context.sessionId]),
        [[0, 1, id], [4, 2, id]]
      )

      const versions = Effect.forEach([0, 1, 2, 3, 5, 6, 7, 8, 9], (seq) => store.contextAt(id, seq))
      const before = yield* versions
      yield* store.remove(id, epoch)
      yield* store.remove(origin.id, origin.epoch)
      assert.equal(yield* store.restore(record, []), true)
      assertSame(SessionExport, yield* store.export(id), record)
      assert.deepEqual(yield* versions, before)
    })
  ),

  conformanceCase(
    "exports only the contexts that a rewind can return to",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* ownSession(0)
      const change = (name: string) =>
        Effect.flatMap(
          store.context(id),
          (context) =>
            Effect.flatMap(updateContext(context, { user: { name } }, at(1)), (changed) =>
              store.commit(id, epoch, { context: changed }))
        )
      for (const seq of [1, 2]) {
        yield* store.commit(id, epoch, { messages: messagesOf(id, seq, seq) })
        yield* change(`after ${seq}`)
        yield* change(`after ${seq}, once more`)
      }
      const { contexts } = yield* store.export(id)
      assert.deepEqual(contexts.map(({ context, since }) => [since, context.version]), [[0, 1], [1, 3], [2, 5]])
    })
  ),

  conformanceCase(
    "exports neither a provider's copy of the conversation nor open turns",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { id } = yield* createSession()
      const { epoch } = yield* store.open(id, 0)
      const cursor = { provider: "mock", value: "held", seq: 1 }
      const message = messageOf(id, 1, { turnId: turnOf(id, 1).id })
      yield* store.commit(id, epoch, {
        cursor,
        messages: [message],
        turns: [turnOf(id, 1, { status: "calling", promptSeq: 1, draft: "so far" }), turnOf(id, 2)]
      })
      const record = yield* store.export(id)
      assert.ok(!("cursor" in record.session))
      assert.deepEqual([record.turns, record.lastOrdinal], [[], 2])
      yield* store.remove(id, epoch)
      yield* store.restore(record, [])
      assert.equal((yield* store.get(id)).cursor, undefined)
      assert.equal((yield* store.message(id, MessageId.make(message.id))).seq, 1)
    })
  )
]
