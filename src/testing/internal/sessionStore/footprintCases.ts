import * as Effect from "effect/Effect"
import assert from "node:assert/strict"
import type { SessionInfo } from "../../../domain/Session.js"
import { makeSessionContext } from "../../../domain/SessionContext.js"
import { IdGenerator } from "../../../services/IdGenerator.js"
import { SessionStore } from "../../../services/SessionStore.js"
import { at, createSession, messageOf, messagesOf, sessionOf, turnOf } from "./samples.js"
import { assertFails, conformanceCase } from "./suite.js"

/** A fork of a session, for this user. */
const forkFor = (origin: SessionInfo, seq: number, { userId }: Pick<SessionInfo, "userId">) =>
  Effect.gen(function*() {
    const store = yield* SessionStore
    const session = sessionOf(yield* (yield* IdGenerator).sessionId, { userId })
    yield* store.fork(origin.id, seq, session, makeSessionContext(session.id, at(9)))
    return session
  })

const removed = ({ id }: SessionInfo) =>
  Effect.gen(function*() {
    const store = yield* SessionStore
    const footprint = yield* store.footprint(id)
    yield* store.remove(id, (yield* store.open(id, 0)).epoch)
    return footprint
  })

/**
 * What is removed with a session, and what remains.
 */
export const footprintCases = [
  conformanceCase(
    "counts what is removed with a session, rewound messages included",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { id } = yield* createSession()
      const { epoch } = yield* store.open(id, 0)
      assert.deepEqual(yield* store.footprint(id), { messages: 0, sharedMessages: 0, turns: 0 })
      yield* store.commit(id, epoch, { messages: messagesOf(id, 1, 4), turns: [turnOf(id, 1), turnOf(id, 2)] })
      yield* store.commit(id, epoch, { rewindTo: 2, messages: messagesOf(id, 5, 5) })
      assert.deepEqual(yield* store.footprint(id), { messages: 5, sharedMessages: 0, turns: 2 })
      yield* store.remove(id, epoch)
      yield* assertFails("SessionNotFound", store.footprint(id))
    })
  ),

  conformanceCase(
    "counts each shared message once, with the user's last session that has it",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const ada = yield* createSession()
      const bob = yield* createSession()
      const { epoch } = yield* store.open(ada.id, 0)
      yield* store.commit(ada.id, epoch, { messages: messagesOf(ada.id, 1, 4) })
      const own = yield* forkFor(ada, 3, ada)
      const others = yield* forkFor(ada, 2, bob)
      const ofOthers = yield* forkFor(others, 1, ada)
      yield* store.commit(bob.id, (yield* store.open(bob.id, 0)).epoch, { messages: [messageOf(bob.id, 1)] })

      assert.deepEqual(yield* removed(ada), { messages: 1, sharedMessages: 0, turns: 0 })
      assert.deepEqual(yield* removed(ofOthers), { messages: 0, sharedMessages: 0, turns: 0 })
      assert.deepEqual(yield* removed(own), { messages: 1, sharedMessages: 2, turns: 0 })
      assert.deepEqual(yield* removed(others), { messages: 2, sharedMessages: 0, turns: 0 })
      assert.deepEqual(yield* removed(bob), { messages: 1, sharedMessages: 0, turns: 0 })
    })
  )
]
