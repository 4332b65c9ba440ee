import * as Effect from "effect/Effect"
import assert from "node:assert/strict"
import { IdempotencyKey, type SessionId } from "../../../domain/Ids.js"
import { makeSessionContext, updateContext } from "../../../domain/SessionContext.js"
import { countMessage, emptySessionMetrics } from "../../../domain/SessionMetrics.js"
import { SessionExport } from "../../../domain/Transfer.js"
import { IdGenerator } from "../../../services/IdGenerator.js"
import { SessionStore } from "../../../services/SessionStore.js"
import {
  answeredAttempt,
  at,
  eventOf,
  failedAttempt,
  messageOf,
  messagesOf,
  ownSession,
  seqsOf,
  sessionOf,
  turnOf
} from "./samples.js"
import { assertFails, assertSame, conformanceCase } from "./suite.js"

const ended = (id: SessionId, ordinal: number) => {
  const { prompt: _, ...turn } = turnOf(id, ordinal, { status: "completed", attempt: 1, endedAt: at(9) })
  return turn
}

/** A history with a gap, rewound messages and earlier contexts. */
const recordOf = (id: SessionId): SessionExport => {
  const contextOf = (version: number) => ({ ...makeSessionContext(id, at(version), { user: { version } }), version })
  return {
    format: "langswarm-session/1",
    session: sessionOf(id, {
      status: "idle",
      lastActivityAt: at(50),
      messageCount: 4,
      config: { tags: [`tag-of-${id}`] }
    }),
    lastSeq: 12,
    lastOrdinal: 7,
    metrics: countMessage(emptySessionMetrics(id), messageOf(id, 3)),
    contexts: [
      { since: 0, context: contextOf(1) },
      { since: 4, context: contextOf(3) },
      { since: 9, context: contextOf(4) }
    ],
    messages: [
      messageOf(id, 3, { turnId: ended(id, 2).id }),
      messageOf(id, 4, { turnId: ended(id, 2).id }),
      messageOf(id, 8),
      messageOf(id, 9)
    ],
    rewound: [messageOf(id, 6), messageOf(id, 7), messageOf(id, 10)],
    turns: [
      { ...ended(id, 2), key: IdempotencyKey.make("a-key"), digest: "a-digest", promptSeq: 3, replySeq: 4 },
      { ...ended(id, 5), attempts: [failedAttempt, answeredAttempt] }
    ]
  }
}

const newRecord = Effect.map(Effect.flatMap(IdGenerator, (ids) => ids.sessionId), recordOf)

/** The session of that record in the store, under another id. */
const restored = Effect.gen(function*() {
  const store = yield* SessionStore
  const record = yield* newRecord
  assert.equal(yield* store.restore(record, []), true)
  return { store, record, id: record.session.id }
})

/**
 * Exporting and restoring whole sessions.
 */
export const restoreCases = [
  conformanceCase(
    "exports a restored session unchanged",
    Effect.gen(function*() {
      const { id, record, store } = yield* restored
      assertSame(SessionExport, yield* store.export(id), record)
      yield* assertFails("SessionNotFound", store.export(yield* (yield* IdGenerator).sessionId))
    })
  ),

  conformanceCase(
    "reads a restored session like any other",
    Effect.gen(function*() {
      const { id, record, store } = yield* restored
      assert.deepEqual(yield* seqsOf(id), [3, 4, 8, 9])
      assert.deepEqual(yield* seqsOf(id, { rewound: true }), [3, 4, 6, 7, 8, 9, 10])
      assert.deepEqual(yield* store.context(id), record.contexts[2]?.context)
      const versions = yield* Effect.forEach([0, 3, 4, 8, 9, 12], (seq) => store.contextAt(id, seq))
      assert.deepEqual(versions.map(({ version }) => version), [1, 1, 3, 3, 4, 4])
      assert.deepEqual((yield* store.turns(id, 10)).map(({ ordinal }) => ordinal), [5, 2])
      assert.equal((yield* store.list({ tags: [`tag-of-${id}`] })).items.length, 1)
      assert.deepEqual(yield* store.metrics(id), record.metrics)
      const { cursor: _, ...session } = yield* store.get(id)
      assert.deepEqual(session, record.session)
      const [created, ...others] = yield* store.events(id, 0, 10)
      assert.equal(created?._tag === "SessionCreated" ? created.session.messageCount : undefined, 4)
      assert.deepEqual(others, [])
      assert.ok(!(yield* store.unfinished).includes(id))
    })
  ),

  conformanceCase(
    "continues a restored session where it ended",
    Effect.gen(function*() {
      const { id, record, store } = yield* restored
      const snapshot = yield* store.open(id, 3)
      const { epoch, lastEvent, lastOrdinal, lastSeq, window } = snapshot
      assert.deepEqual({ lastSeq, lastOrdinal, lastEvent }, { lastSeq: 12, lastOrdinal: 7, lastEvent: 1 })
      assert.deepEqual(window.map(({ seq }) => seq), [4, 8, 9])
      const message = messageOf(id, 13)
      const context = yield* updateContext(yield* store.context(id), { user: { goesOn: true } }, at(60))
      yield* store.commit(id, epoch, {
        messages: [message],
        context,
        turns: [turnOf(id, 8)],
        events: [eventOf(id, 2, { _tag: "MessageSent", message })]
      })
      assert.deepEqual(yield* seqsOf(id), [3, 4, 8, 9, 13])
      assert.equal((yield* store.get(id)).messageCount, 5)
      assert.equal((yield* store.contextAt(id, 9)).version, 4)
      assert.deepEqual((yield* store.export(id)).turns.map(({ ordinal }) => ordinal), [2, 5])

      yield* store.commit(id, epoch, { rewindTo: 4 })
      assert.deepEqual(yield* seqsOf(id), [3, 4])
      yield* store.commit(id, epoch, { messages: messagesOf(id, 14, 14) })
      assert.deepEqual(yield* seqsOf(id), [3, 4, 14])
      assert.deepEqual((yield* store.export(id)).rewound.map(({ seq }) => seq), [6, 7, 8, 9, 10, 13])
      yield* store.commit(id, epoch, { clearMessages: true })
      assert.deepEqual(yield* seqsOf(id, { rewound: true }), [])
      const { contexts, ...cleared } = yield* store.export(id)
      assert.deepEqual([cleared.messages, cleared.rewound, cleared.lastSeq], [[], [], 14])
      assert.deepEqual(contexts.map(({ context }) => context.version), [5])
      yield* store.remove(id, epoch)
      assert.equal(yield* store.restore(record, []), true)
    })
  ),

  conformanceCase(
    "does not change an existing session",
    Effect.gen(function*() {
      const { id, record, store } = yield* restored
      const { epoch } = yield* store.open(id, 0)
      const before = yield* store.export(id)
      const other = { ...record, session: { ...record.session, model: "another" }, messages: [], rewound: [] }
      assert.equal(yield* store.restore(other, []), false)
      assertSame(SessionExport, yield* store.export(id), before)
      yield* store.commit(id, epoch, { messages: messagesOf(id, 13, 13) })
    })
  ),

  conformanceCase(
    "restores exactly one of several concurrent records with one id",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const record = yield* newRecord
      const all = yield* Effect.all(Array.from({ length: 5 }, () => store.restore(record, [])), {
        concurrency: "unbounded"
      })
      assert.deepEqual(all.toSorted(), [false, false, false, false, true])
      assertSame(SessionExport, yield* store.export(record.session.id), record)
    })
  ),

  conformanceCase(
    "purges removed data without affecting other sessions",
    Effect.gen(function*() {
      const { id, record, store } = yield* restored
      const other = yield* ownSession(2)
      yield* store.remove(other.id, other.epoch)
      yield* store.purge
      assertSame(SessionExport, yield* store.export(id), record)
    })
  )
]
