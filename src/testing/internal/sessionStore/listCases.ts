import * as Effect from "effect/Effect"
import assert from "node:assert/strict"
import { UserId } from "../../../domain/Ids.js"
import { Cursor } from "../../../domain/Page.js"
import type { SessionInfo, SessionQuery } from "../../../domain/Session.js"
import { IdGenerator } from "../../../services/IdGenerator.js"
import { SessionStore } from "../../../services/SessionStore.js"
import { at, createSession, ownSession } from "./samples.js"
import { assertFails, conformanceCase } from "./suite.js"

const newUser = Effect.map(Effect.flatMap(IdGenerator, (ids) => ids.sessionId), (id) => UserId.make(`user-${id}`))

const list = (query: SessionQuery) => Effect.flatMap(SessionStore, (store) => store.list(query))

const idsOf = (sessions: ReadonlyArray<SessionInfo>) => sessions.map(({ id }) => id)

const newestFirst = (sessions: ReadonlyArray<SessionInfo>) =>
  sessions.toSorted((a, b) => b.createdAt.epochMillis - a.createdAt.epochMillis || (a.id < b.id ? 1 : -1))

/**
 * Listing sessions.
 */
export const listCases = [
  conformanceCase(
    "lists sessions newest first, and by id for the same time",
    Effect.gen(function*() {
      const userId = yield* newUser
      const sessions = yield* Effect.forEach(
        [3, 1, 2, 2, 2, 0.001],
        (seconds) => createSession({ userId, createdAt: at(seconds) })
      )
      const { items, next } = yield* list({ userId })
      assert.deepEqual(idsOf(items), idsOf(newestFirst(sessions)))
      assert.equal(next, undefined)
    })
  ),

  conformanceCase(
    "filters sessions by user, provider, status, tags and time, alone and combined",
    Effect.gen(function*() {
      const userId = yield* newUser
      const provider = `provider-of-${userId}`.slice(0, 64)
      const tag = (name: string) => `${name} of ${userId}`
      const plain = yield* createSession({ userId, provider, createdAt: at(1) })
      const tagged = yield* createSession({ userId, createdAt: at(2), config: { tags: [tag("a"), tag("b")] } })
      const archived = yield* createSession({ userId, provider, status: "archived", createdAt: at(3) })
      const others = yield* createSession({ provider, createdAt: at(4), config: { tags: [tag("b")] } })

      const finds = (query: SessionQuery, expected: ReadonlyArray<SessionInfo>) =>
        Effect.map(list(query), ({ items }) => assert.deepEqual(idsOf(items), idsOf(expected)))
      yield* finds({ userId }, [archived, tagged, plain])
      yield* finds({ provider }, [others, archived, plain])
      yield* finds({ tags: [tag("b")] }, [others, tagged])
      yield* finds({ tags: [tag("b"), tag("a"), tag("b")] }, [tagged])
      yield* finds({ tags: [tag("a"), tag("none")] }, [])
      yield* finds({ tags: [tag("A")] }, [])
      yield* finds({ tags: [], userId }, [archived, tagged, plain])
      yield* finds({ userId, status: "archived" }, [archived])
      yield* finds({ provider, status: "active" }, [others, plain])
      yield* finds({ userId, since: at(2) }, [archived, tagged])
      yield* finds({ tags: [tag("b")], since: at(2.001) }, [others])
      yield* finds({ tags: [tag("b")], provider }, [others])
      yield* finds({ userId, provider, status: "archived", since: at(3), tags: [] }, [archived])
      yield* finds({ userId, provider, status: "archived", since: at(3), tags: [tag("a")] }, [])
      yield* finds({ userId: UserId.make(`${userId}' OR '1'='1`) }, [])

      const ofStatus = yield* list({ status: "archived", limit: 500 })
      assert.ok(idsOf(ofStatus.items).includes(archived.id) && !idsOf(ofStatus.items).includes(plain.id))
      const all = yield* list({ since: at(4), limit: 500 })
      assert.ok(idsOf(all.items).includes(others.id) && !idsOf(all.items).includes(archived.id))
      yield* finds({ limit: 1, since: at(1e9) }, [])
    })
  ),

  conformanceCase(
    "pages through a list while sessions are added and removed",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const userId = yield* newUser
      const tag = `tag of ${userId}`
      for (const by of [{ userId }, { tags: [tag] }]) {
        const create = (seconds: number) => createSession({ userId, createdAt: at(seconds), config: { tags: [tag] } })
        const sessions = newestFirst(yield* Effect.forEach([1, 2, 3, 3, 3, 4, 5], create))
        const first = yield* list({ ...by, limit: 3 })
        assert.deepEqual(idsOf(first.items), idsOf(sessions.slice(0, 3)))
        assert.ok(first.next)

        const newer = yield* create(6)
        const [, , last] = first.items
        assert.ok(last)
        const { epoch } = yield* store.open(last.id, 0)
        yield* store.remove(last.id, epoch)

        const second = yield* list({ ...by, limit: 2, cursor: first.next })
        assert.deepEqual(idsOf(second.items), idsOf(sessions.slice(3, 5)))
        assert.ok(second.next)
        const third = yield* list({ ...by, limit: 2, cursor: second.next })
        assert.deepEqual(idsOf(third.items), idsOf(sessions.slice(5)))
        assert.equal(third.next, undefined)
        assert.deepEqual(idsOf((yield* list({ ...by, limit: 1 })).items), [newer.id])

        for (const { id } of (yield* list(by)).items) yield* store.remove(id, (yield* store.open(id, 0)).epoch)
      }
    })
  ),

  conformanceCase(
    "returns 50 sessions per page by default",
    Effect.gen(function*() {
      const userId = yield* newUser
      const sessions = yield* Effect.forEach(
        Array.from({ length: 51 }),
        (_, index) => createSession({ userId, createdAt: at(index) })
      )
      const first = yield* list({ userId })
      assert.equal(first.items.length, 50)
      assert.ok(first.next)
      const { items } = yield* list({ userId, cursor: first.next })
      assert.deepEqual(idsOf(items), idsOf(sessions.slice(0, 1)))
    })
  ),

  conformanceCase(
    "refuses a cursor of another list",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { id } = yield* ownSession(3)
      const userId = yield* newUser
      yield* createSession({ userId })
      yield* createSession({ userId })
      const ofSessions = (yield* list({ userId, limit: 1 })).next
      const ofMessages = (yield* store.messages(id, { limit: 1 })).next
      assert.ok(ofSessions && ofMessages)
      yield* assertFails("InvalidRequest", list({ userId, cursor: ofMessages }))
      yield* assertFails("InvalidRequest", store.messages(id, { cursor: ofSessions }))
      for (const garbage of ["garbage", "AAAA", "e30", "bnVsbA"]) {
        const cursor = Cursor.make(garbage)
        yield* assertFails("InvalidRequest", list({ cursor }))
        yield* assertFails("InvalidRequest", store.messages(id, { cursor }))
      }
    })
  )
]
