import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import assert from "node:assert/strict"
import { SessionId } from "../../../domain/Ids.js"
import type { Session } from "../../../services/Session.js"
import { type ContractCase, contractCase, failsWith, sessionCase } from "./contractCase.js"

const asked = (session: Session) =>
  Effect.map(session.messages({ role: "user" }), ({ items }) => items.map(({ text }) => text))

/** The `seq`s of the history, and the same with rewound messages. */
const numbersOf = (session: Session) =>
  Effect.map(
    Effect.all([session.messages(), session.messages({ rewound: true })]),
    (pages) => pages.map(({ items }) => items.map(({ seq }) => seq))
  )

/** The numbers of the stored events up to the reply that contains a word. */
const eventsUpTo = (session: Session, word: string) =>
  session.watch().pipe(
    Stream.takeUntil(({ event }) => event._tag === "MessageReceived" && event.message.text.includes(word)),
    Stream.runCollect,
    Effect.map((feed) =>
      Chunk.toReadonlyArray(feed).flatMap(({ event }) => event._tag === "TurnDelta" ? [] : [event.number])
    )
  )

/**
 * Rewinding, forking and reactivating sessions.
 */
export const branchCases: ReadonlyArray<ContractCase> = [
  sessionCase("forks a session at a message and keeps both independent", (session) =>
    Effect.gen(function*() {
      yield* session.updateContext({ user: { level: 1 } })
      const reply = yield* session.send("one")
      yield* session.send("two")
      const fork = yield* session.fork({ at: reply.id })
      yield* fork.send("three")
      yield* fork.updateContext({ user: { level: 2 } })
      assert.deepEqual([yield* asked(session), yield* asked(fork)], [["one", "two"], ["one", "three"]])
      assert.deepEqual((yield* fork.info).forkedFrom, { sessionId: session.id, seq: reply.seq })
      assert.deepEqual((yield* session.context).user, { level: 1 })
      yield* session.delete
      assert.deepEqual(yield* asked(fork), ["one", "three"])
    })),

  sessionCase(
    "forks for another user with another configuration",
    (session, { sessions, userId }) =>
      Effect.gen(function*() {
        yield* session.send("one")
        const other = `${userId}-other`
        const fork = yield* session.fork({ userId: other, config: { tags: ["forked"] } })
        assert.deepEqual((yield* fork.info).config, { tags: ["forked"] })
        assert.deepEqual((yield* sessions.list(other)).items.map(({ id }) => id), [fork.id])
        assert.deepEqual(yield* asked(fork), ["one"])
      })
  ),

  sessionCase("rewinds to a message and keeps rewound messages readable", (session) =>
    Effect.gen(function*() {
      yield* session.updateContext({ user: { level: 1 } })
      const reply = yield* session.send("one")
      yield* session.send("two")
      yield* session.rewind({ to: reply.id })
      assert.deepEqual(yield* asked(session), ["one"])
      assert.equal((yield* session.info).messageCount, 2)
      yield* session.send("three")
      const { items } = yield* session.messages({ rewound: true, role: "user" })
      assert.deepEqual(items.map(({ seq, text }) => [seq, text]), [[1, "one"], [3, "two"], [5, "three"]])
    })),

  sessionCase(
    "numbers messages densely, rewound ones included, lets a fork begin with the numbers shown, and numbers events densely",
    (session) =>
      Effect.gen(function*() {
        const reply = yield* session.send("one")
        yield* session.send("two")
        yield* session.rewind({ to: reply.id })
        yield* session.send("three")
        assert.deepEqual(yield* numbersOf(session), [[1, 2, 5, 6], [1, 2, 3, 4, 5, 6]])
        const numbers = yield* eventsUpTo(session, "three")
        assert.deepEqual(numbers, numbers.map((_, index) => index + 1))

        const fork = yield* session.fork()
        assert.deepEqual(yield* numbersOf(fork), [[1, 2, 5, 6], [1, 2, 5, 6]])
        assert.equal((yield* fork.send("four")).seq, 8)
        assert.deepEqual(yield* numbersOf(fork), [[1, 2, 5, 6, 7, 8], [1, 2, 5, 6, 7, 8]])
        const own = yield* eventsUpTo(fork, "four")
        assert.ok(own.length > 4)
        assert.deepEqual(own, own.map((_, index) => index + 1))
      })
  ),

  sessionCase("refuses to rewind to an unknown message", (session) =>
    Effect.gen(function*() {
      const error = yield* failsWith("MessageNotFound", session.rewind({ to: "no-such-message" }))
      assert.equal(error.messageId, "no-such-message")
      yield* failsWith("MessageNotFound", session.fork({ at: "no-such-message" }))
    })),

  sessionCase("accepts messages after an archived session is reactivated", (session) =>
    Effect.gen(function*() {
      yield* session.archive
      yield* failsWith("SessionStateError", session.submit("too early"))
      yield* session.reactivate
      assert.equal((yield* session.info).status, "active")
      yield* session.send("now")
      yield* session.reactivate
      assert.deepEqual(yield* asked(session), ["now"])
    })),

  contractCase(
    "refuses to fork, rewind, edit or reactivate an unknown session",
    ({ sessions }) =>
      Effect.gen(function*() {
        const unknown = sessions.session(SessionId.make("never-started"))
        const refusals = [
          failsWith("SessionNotFound", unknown.submit("hello")),
          failsWith("SessionNotFound", unknown.pending),
          failsWith("SessionNotFound", unknown.edit({ turnId: "t", content: "hello" })),
          failsWith("SessionNotFound", unknown.fork()),
          failsWith("SessionNotFound", unknown.rewind({ to: "m" })),
          failsWith("SessionNotFound", unknown.reactivate)
        ]
        for (const refusal of refusals) assert.equal((yield* refusal).sessionId, "never-started")
      })
  )
]
