import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import assert from "node:assert/strict"
import { DeadLetter, type DeadLetterQuery } from "../../../domain/DeadLetter.js"
import type { SessionId } from "../../../domain/Ids.js"
import { Cursor } from "../../../domain/Page.js"
import { makeSessionContext } from "../../../domain/SessionContext.js"
import { IdGenerator } from "../../../services/IdGenerator.js"
import { SessionStore } from "../../../services/SessionStore.js"
import { at, deadLetterOf, deletionOf, eventOf, ownSession, sessionOf } from "./samples.js"
import { assertDies, assertFails, assertSame, conformanceCase } from "./suite.js"

const Letters = Schema.Array(DeadLetter)

const lettersOf = (query: DeadLetterQuery) =>
  Effect.map(Effect.flatMap(SessionStore, (store) => store.deadLetters(query)), ({ items }) => items)

const numbersOf = (query: DeadLetterQuery) => Effect.map(lettersOf(query), (all) => all.map(({ number }) => number))

const isUndelivered = (id: SessionId) =>
  Effect.map(
    Effect.flatMap(SessionStore, (store) => store.deletions(10_000)),
    (all) => all.some(({ sessionId }) => sessionId === id)
  )

/**
 * Undelivered events and dead letters.
 */
export const deadLetterCases = [
  conformanceCase(
    "lists a new session as undelivered until its creation is delivered",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const origin = yield* ownSession(2)
      const ids = yield* IdGenerator
      const created = sessionOf(yield* ids.sessionId)
      const forked = sessionOf(yield* ids.sessionId, { forkedFrom: { sessionId: origin.id, seq: 2 } })
      yield* store.create(created, makeSessionContext(created.id, at(0)), 0)
      yield* store.fork(origin.id, 2, forked, makeSessionContext(forked.id, at(0)), 0)
      for (const { id } of [created, forked]) {
        assert.ok((yield* store.unfinished).includes(id))
        const { delivered, epoch, lastEvent } = yield* store.open(id, 0)
        assert.deepEqual([lastEvent, delivered], [1, 0])
        yield* store.commit(id, epoch, { delivered: 1 })
        assert.ok(!(yield* store.unfinished).includes(id))
      }
    })
  ),

  conformanceCase(
    "stores each dead letter once, atomically with its commit",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* ownSession(0)
      const letters = [
        deadLetterOf(id, 1, { reason: "died" }),
        deadLetterOf(id, 1, { hook: `other-${id}`.slice(0, 64), reason: "timedOut" }),
        deadLetterOf(id, 2, { reason: "interrupted", attempts: 1 })
      ]
      const before = (yield* store.health).deadLetters
      const events = [eventOf(id, 2, { _tag: "SessionArchived" })]
      yield* store.commit(id, epoch, { events, delivered: 2, deadLetters: letters })
      yield* store.commit(id, epoch, { deadLetters: [deadLetterOf(id, 2, { attempts: 9 })] })
      assertSame(Letters, yield* lettersOf({ sessionId: id }), letters)
      assertSame(Letters, yield* lettersOf({ hook: deadLetterOf(id, 1).hook }), letters.filter((_, at) => at !== 1))
      assert.deepEqual(yield* numbersOf({ sessionId: id, hook: deadLetterOf(id, 1).hook }), [1, 2])
      assert.equal((yield* store.health).deadLetters, before + 3)

      yield* assertFails(
        "OwnershipLost",
        store.commit(id, (yield* store.open(id, 0), epoch), {
          deadLetters: [deadLetterOf(id, 3)]
        })
      )
      const other = yield* ownSession(0)
      yield* assertDies(store.commit(other.id, other.epoch, { deadLetters: [deadLetterOf(id, 4)] }))
      assert.deepEqual(yield* numbersOf({ sessionId: id }), [1, 1, 2])
    })
  ),

  conformanceCase(
    "updates and removes only dead letters that exist",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* ownSession(0)
      const [first, second] = [deadLetterOf(id, 1), deadLetterOf(id, 2)]
      const again = deadLetterOf(id, 1, { at: at(100), attempts: 6, reason: "died" })
      yield* store.commit(id, epoch, { deadLetters: [first, second] })
      yield* store.updateDeadLetter(again)
      yield* store.updateDeadLetter(deadLetterOf(id, 3))
      assertSame(Letters, yield* lettersOf({ sessionId: id }), [again, second])
      yield* store.removeDeadLetter(first)
      yield* store.removeDeadLetter(first)
      assertSame(Letters, yield* lettersOf({ sessionId: id }), [second])
    })
  ),

  conformanceCase(
    "pages through dead letters in order of arrival",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* ownSession(0)
      const letters = [5, 3, 4, 1, 2].map((number) => deadLetterOf(id, number))
      yield* store.commit(id, epoch, { deadLetters: letters })
      for (const query of [{ sessionId: id }, { hook: deadLetterOf(id, 1).hook }]) {
        const first = yield* store.deadLetters({ ...query, limit: 2 })
        assert.ok(first.next)
        const rest = yield* store.deadLetters({ ...query, limit: 3, cursor: first.next })
        assertSame(Letters, [...first.items, ...rest.items], letters)
        assert.equal(rest.next, undefined)
      }
      yield* assertFails("InvalidRequest", store.deadLetters({ cursor: Cursor.make("nonsense") }))
    })
  ),

  conformanceCase(
    "keeps the latest 10,000 dead letters of a hook",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* ownSession(0)
      const other = deadLetterOf(id, 1, { hook: `other-${id}`.slice(0, 64) })
      const letters = Array.from({ length: 10_000 }, (_, index) => deadLetterOf(id, index + 1))
      const { hook } = deadLetterOf(id, 1)
      yield* store.commit(id, epoch, { deadLetters: [other, ...letters] })
      assert.deepEqual(yield* numbersOf({ hook, limit: 2 }), [1, 2])
      yield* store.commit(id, epoch, { deadLetters: [deadLetterOf(id, 10_001)] })
      assert.deepEqual(yield* numbersOf({ hook, limit: 2 }), [2, 3])
      assert.deepEqual(yield* numbersOf({ hook: other.hook }), [1])
    })
  ),

  conformanceCase(
    "removes dead letters with their session and keeps the deletion for hooks if requested",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const [kept, plain] = [yield* ownSession(0), yield* ownSession(0)]
      for (const { epoch, id } of [kept, plain]) {
        yield* store.commit(id, epoch, { deadLetters: [deadLetterOf(id, 1)] })
      }
      const deletion = deletionOf(kept.id, 2)
      yield* assertFails(
        "OwnershipLost",
        store.remove(kept.id, (yield* store.open(kept.id, 0), kept.epoch), deletion)
      )
      assert.ok(!(yield* isUndelivered(kept.id)))
      yield* store.remove(kept.id, (yield* store.open(kept.id, 0)).epoch, deletion)
      yield* store.remove(plain.id, plain.epoch)
      assert.deepEqual(yield* lettersOf({ sessionId: kept.id }), [])
      assert.deepEqual(yield* lettersOf({ sessionId: plain.id }), [])
      assert.deepEqual([yield* isUndelivered(kept.id), yield* isUndelivered(plain.id)], [true, false])
      assert.deepEqual(Option.getOrThrow(yield* store.deletion(kept.id)), deletion)
      assert.ok(Option.isNone(yield* store.deletion(plain.id)))
    })
  ),

  conformanceCase(
    "forgets a deletion after its delivery, or after its last dead letter is removed",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const [delivered, given] = [yield* ownSession(0), yield* ownSession(0)]
      for (const { epoch, id } of [delivered, given]) yield* store.remove(id, epoch, deletionOf(id, 2))
      const letters = ["one", "two"].map((name) =>
        deadLetterOf(given.id, 2, { event: "SessionDeleted", hook: `${name}-${given.id}`.slice(0, 64) })
      )
      yield* store.settleDeletion(delivered.id, [])
      yield* store.settleDeletion(given.id, letters)
      yield* store.settleDeletion(given.id, [deadLetterOf(given.id, 2)])
      assert.deepEqual([yield* isUndelivered(delivered.id), yield* isUndelivered(given.id)], [false, false])
      assert.ok(Option.isNone(yield* store.deletion(delivered.id)))
      for (const letter of letters) {
        assert.ok(Option.isSome(yield* store.deletion(given.id)))
        yield* store.removeDeadLetter(letter)
      }
      assert.ok(Option.isNone(yield* store.deletion(given.id)))
      assert.deepEqual(yield* lettersOf({ sessionId: given.id }), [])
    })
  )
]
