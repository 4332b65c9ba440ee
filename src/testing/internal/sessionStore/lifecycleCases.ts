import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import assert from "node:assert/strict"
import { MessageId } from "../../../domain/Ids.js"
import { SessionInfo, SessionStatus } from "../../../domain/Session.js"
import { makeSessionContext, SessionContext } from "../../../domain/SessionContext.js"
import { emptySessionMetrics, SessionMetrics } from "../../../domain/SessionMetrics.js"
import { IdGenerator } from "../../../services/IdGenerator.js"
import { SessionStore } from "../../../services/SessionStore.js"
import { at, createSession, messageOf, messagesOf, ownSession, sessionOf, turnOf } from "./samples.js"
import { assertDies, assertFails, assertSame, conformanceCase } from "./suite.js"

/**
 * Creating and removing sessions.
 */
export const lifecycleCases = [
  conformanceCase(
    "returns a session as it was created",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const id = yield* (yield* IdGenerator).sessionId
      const session = sessionOf(id, {
        status: "idle",
        lastActivityAt: at(0.001),
        config: {
          name: "A \"quoted\" name; DROP TABLE sessions --",
          tags: ["one", "two", "one"],
          maxMessages: 7,
          autoArchiveAfter: Duration.days(7),
          providerConfig: { temperature: 0.5, nested: { list: [1, null, true] } }
        }
      })
      const context = makeSessionContext(id, at(1), { user: { name: "Ada" }, system: { level: 3 } })
      yield* store.create(session, context)
      assertSame(SessionInfo, yield* store.get(id), session)
      assertSame(SessionContext, yield* store.context(id), context)
      assertSame(SessionMetrics, yield* store.metrics(id), emptySessionMetrics(id))
      assert.deepEqual(yield* store.messages(id, {}), { items: [] })
      assert.deepEqual(yield* store.turns(id, 10), [])
    })
  ),

  conformanceCase(
    "fails with SessionNotFound for a session that was never created",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const id = yield* (yield* IdGenerator).sessionId
      const { epoch } = yield* ownSession(0)
      yield* assertFails("SessionNotFound", store.get(id))
      yield* assertFails("SessionNotFound", store.context(id))
      yield* assertFails("SessionNotFound", store.metrics(id))
      yield* assertFails("SessionNotFound", store.messages(id, {}))
      yield* assertFails("SessionNotFound", store.message(id, MessageId.make("m")))
      yield* assertFails("SessionNotFound", store.turns(id, 10))
      yield* assertFails("SessionNotFound", store.open(id, 10))
      yield* assertFails("SessionNotFound", store.commit(id, epoch, { messages: messagesOf(id, 1, 1) }))
      yield* store.remove(id, epoch)
    })
  ),

  conformanceCase(
    "dies when an id is created twice and keeps the first session",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const session = yield* createSession()
      yield* assertDies(store.create({ ...session, model: "another" }, makeSessionContext(session.id, at(0))))
      assertSame(SessionInfo, yield* store.get(session.id), session)
    })
  ),

  conformanceCase(
    "removes a session with all of its data and nothing else",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const other = yield* ownSession(2)
      const session = yield* createSession({ config: { tags: [`tag-next-to-${other.id}`] } })
      const { id } = session
      const { epoch } = yield* store.open(id, 0)
      yield* store.commit(id, epoch, { messages: messagesOf(id, 1, 3), turns: [turnOf(id, 1)] })
      yield* store.remove(id, epoch)
      yield* store.remove(id, epoch)

      yield* assertFails("SessionNotFound", store.get(id))
      yield* assertFails("SessionNotFound", store.messages(id, {}))
      yield* assertFails("SessionNotFound", store.message(id, messageOf(id, 1).id))
      yield* assertFails("SessionNotFound", store.turns(id, 10))
      yield* assertFails("SessionNotFound", store.commit(id, epoch, {}))
      assert.deepEqual(yield* store.list({ tags: [`tag-next-to-${other.id}`] }), { items: [] })
      assert.deepEqual(yield* store.list({ userId: session.userId }), { items: [] })
      assert.ok(!(yield* store.unfinished).includes(id))
      assert.equal((yield* store.messages(other.id, {})).items.length, 2)

      yield* store.create(session, makeSessionContext(id, at(0)))
      assert.deepEqual(yield* store.messages(id, {}), { items: [] })
      assert.deepEqual(yield* store.turns(id, 10), [])
    })
  ),

  conformanceCase(
    "lists sessions inactive since a given time, longest inactive first",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const restingSince = (seconds: number, statuses: ReadonlyArray<SessionStatus>, limit = 1000) =>
        store.idle(at(-1e9 + seconds), statuses, limit)
      const all = SessionStatus.literals
      const archived = yield* createSession({ lastActivityAt: at(-1e9), status: "archived" })
      const busy = yield* createSession({ lastActivityAt: at(-1e9 - 1) })
      const { epoch } = yield* store.open(busy.id, 0)
      yield* store.commit(busy.id, epoch, { turns: [turnOf(busy.id, 1)] })
      const edge = yield* createSession({ lastActivityAt: at(-1e9 + 1) })
      const active = yield* createSession({ lastActivityAt: at(-1e9 - 2) })

      assert.deepEqual(yield* restingSince(1, all), [active.id, archived.id])
      assert.deepEqual(yield* restingSince(1.001, all), [active.id, archived.id, edge.id])
      assert.deepEqual(yield* restingSince(1.001, ["archived", "error"]), [archived.id])
      assert.deepEqual(yield* restingSince(1.001, ["active"], 1), [active.id])
      assert.deepEqual(yield* restingSince(1.001, [], 1), [])
      yield* store.commit(busy.id, epoch, { turns: [turnOf(busy.id, 1, { status: "interrupted" })] })
      assert.deepEqual(yield* restingSince(1, all), [active.id, busy.id, archived.id])
    })
  ),

  conformanceCase(
    "reports its number of sessions and its durability",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const before = yield* store.health
      const { id, epoch } = yield* ownSession(10)
      const after = yield* store.health
      assert.ok(after.ok)
      assert.equal(after.durability, store.durability)
      assert.equal(after.sessions, before.sessions + 1)
      assert.ok(after.bytes > 0)
      yield* store.remove(id, epoch)
      assert.equal((yield* store.health).sessions, before.sessions)
    })
  ),

  conformanceCase(
    "checks that it can write, and changes nothing by that",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { id } = yield* ownSession(0)
      const before = yield* store.export(id)
      const sessions = (yield* store.health).sessions
      yield* store.checkWritable ?? Effect.void
      assert.deepEqual(yield* store.export(id), before)
      assert.equal((yield* store.health).sessions, sessions)
    })
  )
]
