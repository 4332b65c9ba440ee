import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import assert from "node:assert/strict"
import type { SessionId } from "../../../domain/Ids.js"
import { Message } from "../../../domain/Message.js"
import { SessionStore } from "../../../services/SessionStore.js"
import { forkSession, messageOf, messagesOf, ownSession, seqsOf } from "./samples.js"
import { assertDies, assertFails, assertSame, conformanceCase } from "./suite.js"

/** The `seq`s of the history, and the same with rewound messages. */
const numbersOf = (id: SessionId) => Effect.all([seqsOf(id), seqsOf(id, { rewound: true })])

/**
 * Rewound messages leave the history and stay readable.
 */
export const rewindCases = [
  conformanceCase(
    "removes rewound messages from the history and keeps them readable",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* ownSession(5)
      yield* store.commit(id, epoch, { rewindTo: 2 })
      assert.deepEqual(yield* seqsOf(id), [1, 2])
      assert.deepEqual(yield* seqsOf(id, { order: "newest", limit: 1 }), [2])
      assert.deepEqual(yield* seqsOf(id, { rewound: true }), [1, 2, 3, 4, 5])
      assert.equal((yield* store.get(id)).messageCount, 2)
      const rewound = messageOf(id, 4)
      assertSame(Message, yield* store.message(id, rewound.id), rewound)
      assertSame(Message, Option.getOrThrow(yield* store.messageAt(id, 4)), rewound)
      const { lastSeq, window } = yield* store.open(id, 10)
      assert.deepEqual([lastSeq, window.map(({ seq }) => seq)], [5, [1, 2]])
    })
  ),

  conformanceCase(
    "continues after a rewind without reusing a seq",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* ownSession(4)
      yield* store.commit(id, epoch, { rewindTo: 2, messages: messagesOf(id, 5, 6) })
      assert.deepEqual(yield* seqsOf(id), [1, 2, 5, 6])
      yield* assertDies(store.commit(id, epoch, { rewindTo: 5, messages: messagesOf(id, 6, 6) }))
      assert.deepEqual(yield* seqsOf(id), [1, 2, 5, 6])
      assert.equal((yield* store.get(id)).messageCount, 4)

      yield* store.commit(id, epoch, { rewindTo: 5 })
      yield* store.commit(id, epoch, { messages: messagesOf(id, 7, 7) })
      assert.deepEqual(yield* seqsOf(id), [1, 2, 5, 7])
      assert.deepEqual(yield* seqsOf(id, { rewound: true }), [1, 2, 3, 4, 5, 6, 7])
      assert.deepEqual(yield* seqsOf(id, { role: "assistant" }), [2])
      assert.deepEqual(yield* seqsOf(id, { role: "assistant", rewound: true, order: "newest" }), [6, 4, 2])
      const page = yield* store.messages(id, { limit: 2 })
      assert.ok(page.next)
      assert.deepEqual(yield* seqsOf(id, { cursor: page.next }), [5, 7])
      const newest = yield* store.messages(id, { limit: 1, order: "newest", rewound: true })
      assert.ok(newest.next)
      assert.deepEqual(yield* seqsOf(id, { order: "newest", rewound: true, limit: 2, cursor: newest.next }), [6, 5])
    })
  ),

  conformanceCase(
    "rewinds to any earlier point and refuses a later one",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* ownSession(3)
      const rewinds = (to: number, shown: ReadonlyArray<number>) =>
        Effect.gen(function*() {
          yield* store.commit(id, epoch, { rewindTo: to })
          assert.deepEqual(yield* seqsOf(id), shown)
          assert.equal((yield* store.get(id)).messageCount, shown.length)
        })
      yield* rewinds(3, [1, 2, 3])
      yield* rewinds(9, [1, 2, 3])
      yield* rewinds(2, [1, 2])
      yield* rewinds(2, [1, 2])
      yield* store.commit(id, epoch, { messages: messagesOf(id, 4, 4) })
      yield* rewinds(3, [1, 2])
      yield* rewinds(0, [])
      yield* store.commit(id, epoch, { messages: messagesOf(id, 5, 5) })
      yield* rewinds(5, [5])
      assert.deepEqual(yield* seqsOf(id, { rewound: true }), [1, 2, 3, 4, 5])
    })
  ),

  conformanceCase(
    "clears rewound messages too",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* ownSession(3)
      yield* store.commit(id, epoch, { rewindTo: 1 })
      yield* store.commit(id, epoch, { clearMessages: true, rewindTo: 1, messages: messagesOf(id, 4, 4) })
      assert.deepEqual(yield* seqsOf(id, { rewound: true }), [4])
      assert.equal((yield* store.get(id)).messageCount, 1)
      yield* assertFails("MessageNotFound", store.message(id, messageOf(id, 3).id))
      assert.deepEqual(yield* store.messageAt(id, 3), Option.none())
    })
  ),

  conformanceCase(
    "shares with a fork only messages that were not rewound",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const origin = yield* ownSession(4)
      yield* store.commit(origin.id, origin.epoch, { rewindTo: 2, messages: messagesOf(origin.id, 5, 6) })
      const { epoch, id } = yield* forkSession(origin.id, 5)
      assert.deepEqual([yield* seqsOf(id), yield* seqsOf(id, { rewound: true })], [[1, 2, 5], [1, 2, 5]])
      yield* assertFails("MessageNotFound", store.message(id, messageOf(origin.id, 3).id))
      yield* store.commit(id, epoch, { messages: messagesOf(id, 6, 7) })
      yield* store.commit(id, epoch, { rewindTo: 6 })
      assert.deepEqual([yield* seqsOf(id), yield* seqsOf(id, { rewound: true })], [[1, 2, 5, 6], [1, 2, 5, 6, 7]])
      assert.equal((yield* store.get(id)).messageCount, 4)
    })
  ),

  conformanceCase(
    "numbers messages densely, rewound ones included, and lets a fork begin with the numbers its origin showed",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { epoch, id } = yield* ownSession(7)
      yield* store.commit(id, epoch, { rewindTo: 6, messages: messagesOf(id, 8, 13) })
      yield* store.commit(id, epoch, { rewindTo: 9, messages: messagesOf(id, 14, 17) })
      const shown = [1, 2, 3, 4, 5, 6, 8, 9, 14, 15, 16, 17]
      const all = Array.from({ length: 17 }, (_, index) => index + 1)
      assert.deepEqual(yield* numbersOf(id), [shown, all])

      const fork = yield* forkSession(id, 15)
      const begun = shown.filter((seq) => seq <= 15)
      assert.deepEqual(yield* numbersOf(fork.id), [begun, begun])
      yield* assertDies(store.commit(fork.id, fork.epoch, { messages: messagesOf(fork.id, 17, 17) }))
      yield* store.commit(fork.id, fork.epoch, { messages: messagesOf(fork.id, 16, 18) })
      yield* store.commit(fork.id, fork.epoch, { rewindTo: 16, messages: messagesOf(fork.id, 19, 19) })
      assert.deepEqual(yield* numbersOf(fork.id), [[...begun, 16, 19], [...begun, 16, 17, 18, 19]])
      yield* assertDies(store.commit(fork.id, fork.epoch, { rewindTo: 8, messages: messagesOf(fork.id, 10, 10) }))

      const second = yield* forkSession(fork.id, 19)
      assert.deepEqual(yield* numbersOf(second.id), [[...begun, 16, 19], [...begun, 16, 19]])
      yield* store.commit(second.id, second.epoch, { messages: messagesOf(second.id, 20, 20) })
      assert.deepEqual(yield* numbersOf(id), [shown, all], "the origin keeps its own")
    })
  )
]
