import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import assert from "node:assert/strict"
import { SessionEvent } from "../../../domain/Events.js"
import type { SessionId } from "../../../domain/Ids.js"
import { SessionContext, updateContext } from "../../../domain/SessionContext.js"
import { SessionStore } from "../../../services/SessionStore.js"
import { at, eventOf, forkSession, messagesOf, ownSession } from "./samples.js"
import { assertDies, assertFails, assertSame, conformanceCase } from "./suite.js"

const changed = (id: SessionId, name: string) =>
  Effect.flatMap(
    Effect.flatMap(SessionStore, (store) => store.context(id)),
    (context) => updateContext(context, { user: { name } }, at(50))
  )

/** The name in the context before each of the messages 1 to `count`, and in the current one. */
const names = (id: SessionId, count: number) =>
  Effect.flatMap(
    SessionStore,
    (store) =>
      Effect.forEach(Array.from({ length: count + 1 }, (_, seq) => seq), (seq) =>
        Effect.map(store.contextAt(id, seq), ({ sessionId, user }) => {
          assert.equal(sessionId, id)
          return user.name
        }))
  )

/**
 * The context before each message can be read.
 */
export const contextCases = [
  conformanceCase(
    "returns the context as it was before each message",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* ownSession(1)
      assert.deepEqual(yield* names(id, 1), [undefined, undefined])
      yield* store.commit(id, epoch, { context: yield* changed(id, "one") })
      yield* store.commit(id, epoch, { context: yield* changed(id, "two"), messages: messagesOf(id, 2, 3) })
      yield* store.commit(id, epoch, { context: yield* changed(id, "three") })
      yield* store.commit(id, epoch, { messages: messagesOf(id, 4, 4) })
      assert.deepEqual(yield* names(id, 5), [undefined, "one", "one", "three", "three", "three"])
      assertSame(SessionContext, yield* store.contextAt(id, 4), yield* store.context(id))
    })
  ),

  conformanceCase(
    "keeps in each context event the context of that time",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* ownSession(0)
      const committed: Array<SessionEvent> = []
      for (const [index, name] of ["one", "two"].entries()) {
        const context = yield* changed(id, name)
        const event = eventOf(id, index + 2, { _tag: "ContextUpdated", context })
        committed.push(event)
        yield* store.commit(id, epoch, { context, events: [event] })
      }
      assertSame(Schema.Array(SessionEvent), yield* store.events(id, 1, 10), committed)
    })
  ),

  conformanceCase(
    "stores nothing of a commit whose context is not a new version",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* ownSession(0)
      const first = yield* store.context(id)
      const second = { ...(yield* changed(id, "second")), version: 5 }
      yield* store.commit(id, epoch, { context: second })
      for (const context of [first, second, { ...second, version: 3 }]) {
        yield* assertDies(store.commit(id, epoch, { context, messages: messagesOf(id, 1, 1) }))
      }
      assertSame(SessionContext, yield* store.context(id), second)
      assert.deepEqual(yield* store.messages(id, {}), { items: [] })
    })
  ),

  conformanceCase(
    "uses the next remaining message after a rewind",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* ownSession(2)
      yield* store.commit(id, epoch, { context: yield* changed(id, "left") })
      yield* store.commit(id, epoch, { messages: messagesOf(id, 3, 4) })
      yield* store.commit(id, epoch, { rewindTo: 2, context: yield* changed(id, "restored") })
      assert.deepEqual(yield* names(id, 2), [undefined, undefined, "restored"])
      yield* store.commit(id, epoch, { messages: messagesOf(id, 5, 5), context: yield* changed(id, "later") })
      assert.deepEqual(yield* names(id, 5), [undefined, undefined, "restored", "restored", "restored", "later"])
    })
  ),

  conformanceCase(
    "keeps the original's contexts in a fork, even after the original is removed",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const origin = yield* ownSession(1)
      yield* store.commit(origin.id, origin.epoch, { context: yield* changed(origin.id, "one") })
      yield* store.commit(origin.id, origin.epoch, { messages: messagesOf(origin.id, 2, 3) })
      yield* store.commit(origin.id, origin.epoch, { context: yield* changed(origin.id, "after") })
      const { epoch, id } = yield* forkSession(origin.id, 3)
      yield* store.commit(id, epoch, { messages: messagesOf(id, 4, 4) })
      yield* store.commit(id, epoch, { context: yield* changed(id, "own") })
      const again = yield* forkSession(id, 4)

      const known = [undefined, "one", "one", undefined, "own"]
      assert.deepEqual(yield* names(id, 4), known)
      assert.equal((yield* store.contextAt(id, 3)).system.forkedAt, 3)
      yield* store.commit(origin.id, origin.epoch, { clearMessages: true })
      yield* store.remove(origin.id, origin.epoch)
      assert.deepEqual(yield* names(id, 4), known)
      yield* store.remove(id, epoch)
      assert.deepEqual(yield* names(again.id, 4), [undefined, "one", "one", undefined, undefined])
      assert.equal((yield* store.contextAt(again.id, 4)).system.forkedAt, 4)
      yield* assertFails("SessionNotFound", store.contextAt(id, 0))
    })
  )
]
