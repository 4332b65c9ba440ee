import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import assert from "node:assert/strict"
import { SessionId } from "../../../domain/Ids.js"
import type { Session } from "../../../services/Session.js"
import { type ContractCase, contractCase, failsWith, sessionCase } from "./contractCase.js"

const take = (session: Session, count: number, from?: string) =>
  Effect.map(
    Stream.runCollect(Stream.take(session.watch(from === undefined ? {} : { from }), count)),
    Chunk.toReadonlyArray
  )

/**
 * Watching a session.
 */
export const feedCases: ReadonlyArray<ContractCase> = [
  sessionCase(
    "replays all events and messages from the beginning",
    (session) =>
      Effect.gen(function*() {
        const reply = yield* session.send("hello")
        yield* session.updateContext({ user: { name: "Ada" } })
        const feed = yield* take(session, 7)
        assert.deepEqual(feed.map(({ event }) => event._tag), [
          "SessionCreated",
          "TurnAccepted",
          "MessageSent",
          "TurnStarted",
          "MessageReceived",
          "TurnCompleted",
          "ContextUpdated"
        ])
        const received = feed[4]?.event
        assert.ok(received?._tag === "MessageReceived")
        assert.deepEqual(received.message, reply)
      })
  ),

  sessionCase(
    "resumes from any position without gaps or repeats",
    (session) =>
      Effect.gen(function*() {
        yield* session.send("hello")
        const feed = yield* take(session, 6)
        for (const [index, { position }] of feed.slice(0, -1).entries()) {
          assert.deepEqual(yield* take(session, feed.length - index - 1, position), feed.slice(index + 1))
        }
      })
  ),

  sessionCase("continues live and streams the reply", (session) =>
    Effect.gen(function*() {
      const watched = session.watch().pipe(
        Stream.tap(({ event }) => event._tag === "SessionCreated" ? session.submit("tell me more") : Effect.void),
        Stream.takeUntil(({ event }) => event._tag === "TurnCompleted")
      )
      const feed = Chunk.toReadonlyArray(yield* Stream.runCollect(watched))
      const deltas = feed.flatMap(({ event }) => event._tag === "TurnDelta" ? [event.text] : [])
      const numbers = feed.flatMap(({ event }) => event._tag === "TurnDelta" ? [] : [event.number])
      const { items: [, reply] } = yield* session.messages()
      assert.deepEqual(numbers, [1, 2, 3, 4, 5, 6])
      assert.ok(deltas.length > 0)
      assert.equal(deltas.join(""), reply?.text)
      assert.equal(new Set(feed.map(({ position }) => position)).size, feed.length)
    })),

  sessionCase("ends when the session is deleted", (session) =>
    Effect.gen(function*() {
      const watched = session.watch().pipe(
        Stream.tap(({ event }) => event._tag === "SessionCreated" ? session.delete : Effect.void)
      )
      const feed = Chunk.toReadonlyArray(yield* Stream.runCollect(watched))
      assert.deepEqual(feed.map(({ event }) => event._tag), ["SessionCreated", "SessionDeleted"])
    })),

  contractCase(
    "refuses to watch an unknown session or from an invalid position",
    ({ sessions, start }) =>
      Effect.gen(function*() {
        yield* failsWith("SessionNotFound", Stream.runDrain(sessions.session(SessionId.make("never-started")).watch()))
        const session = yield* start()
        const error = yield* failsWith("InvalidRequest", Stream.runDrain(session.watch({ from: "the beginning" })))
        assert.deepEqual(error.path, ["from"])
      })
  )
]
