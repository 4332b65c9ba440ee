import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Stream from "effect/Stream"
import assert from "node:assert/strict"
import { type ContractCase, failsWith, sessionCase } from "./contractCase.js"

/**
 * Repeated, submitted and concurrent sends.
 */
export const sendCases: ReadonlyArray<ContractCase> = [
  sessionCase("returns the first reply to a send with a known key", (session) =>
    Effect.gen(function*() {
      const message = { content: "only once", key: "a-key" }
      const reply = yield* session.send(message)
      assert.deepEqual(yield* session.send(message), reply)
      const events = Chunk.toReadonlyArray(yield* Stream.runCollect(session.stream(message)))
      assert.deepEqual(events.map(({ _tag }) => _tag), ["TurnAccepted", "TurnStarted", "TurnDelta", "TurnCompleted"])
      const [accepted, , delta, completed] = events
      assert.ok(accepted?._tag === "TurnAccepted" && delta?._tag === "TurnDelta" && completed?._tag === "TurnCompleted")
      assert.equal(accepted.outcome, "joined")
      assert.equal(delta.text, reply.text)
      assert.deepEqual(completed.message, reply)
      assert.equal((yield* session.submit(message)).outcome, "joined")
      assert.equal((yield* session.messages()).items.length, 2)
    })),

  sessionCase("makes one turn of concurrent sends with one key", (session) =>
    Effect.gen(function*() {
      const replies = yield* Effect.replicateEffect(session.send({ content: "all at once", key: "a-key" }), 8, {
        concurrency: "unbounded"
      })
      assert.equal(new Set(replies.map(({ id }) => id)).size, 1)
      assert.equal((yield* session.turns).length, 1)
    })),

  sessionCase("refuses a known key with different content", (session) =>
    Effect.gen(function*() {
      yield* session.send({ content: "one", key: "a-key" })
      const [turn] = yield* session.turns
      const error = yield* failsWith("IdempotencyConflict", session.send({ content: "two", key: "a-key" }))
      assert.equal(error.turnId, turn?.id)
      yield* failsWith("IdempotencyConflict", session.submit({ content: "one", key: "a-key", metadata: { n: 1 } }))
      yield* failsWith("InvalidRequest", session.send({ content: "one", key: "no key" }))
      assert.equal((yield* session.turns).length, 1)
    })),

  sessionCase("answers a submitted message without a waiting client", (session) =>
    Effect.gen(function*() {
      const receipt = yield* session.submit("left alone")
      assert.equal(receipt.outcome, "started")
      yield* session.send("and now?")
      const turns = yield* session.turns
      assert.deepEqual(turns.map(({ status }) => status), ["completed", "completed"])
      assert.equal(turns[1]?.id, receipt.turnId)
      assert.ok((yield* session.messages({ role: "assistant" })).items[0]?.text.includes("left alone"))
    })),

  sessionCase("rejects a send that may not wait and stores nothing of it", (session) =>
    Effect.gen(function*() {
      const answers = yield* Effect.replicateEffect(
        Effect.either(session.send({ content: "now or never", whenBusy: "reject" })),
        8,
        { concurrency: "unbounded" }
      )
      const answered = answers.filter(Either.isRight).length
      assert.ok(answered >= 1)
      for (const answer of answers) assert.ok(Either.isRight(answer) || answer.left._tag === "SessionBusy")
      assert.equal((yield* session.turns).length, answered)
      assert.equal((yield* session.messages()).items.length, 2 * answered)
    })),

  sessionCase(
    "starts a send at once when no turn runs, with any busy policy",
    (session) =>
      Effect.gen(function*() {
        for (const whenBusy of ["queue", "reject", "interrupt", "rollback", "steer"] as const) {
          const [accepted] = Chunk.toReadonlyArray(
            yield* Stream.runCollect(session.stream({ content: "hello", whenBusy, timeout: "1 minute" }))
          )
          assert.ok(accepted?._tag === "TurnAccepted")
          assert.equal(accepted.outcome, "started")
        }
        const turns = yield* session.turns
        assert.deepEqual(turns.map(({ whenBusy }) => whenBusy), ["steer", "rollback", "interrupt", "reject", "queue"])
        assert.ok(turns.every(({ deadlineAt, status }) => status === "completed" && deadlineAt !== undefined))
        yield* failsWith("InvalidRequest", session.send({ content: "hello", timeout: -1 }))
      })
  ),

  sessionCase("has no waiting turns to list or edit between turns", (session) =>
    Effect.gen(function*() {
      const reply = yield* session.send("hello")
      assert.deepEqual(yield* session.pending, [])
      assert.equal(yield* session.edit({ turnId: reply.turnId ?? "", content: "something else" }), "tooLate")
      assert.equal(yield* session.edit({ turnId: "never-accepted", content: "something else" }), "tooLate")
      yield* failsWith("InvalidRequest", session.edit({ turnId: "never-accepted", content: "" }))
    })),

  sessionCase("refuses a send that exceeds the session's limits", (_, { start }) =>
    Effect.gen(function*() {
      const session = yield* start({ config: { maxMessages: 2, maxTokensPerMessage: 2 } })
      const long = yield* failsWith("LimitExceeded", session.send("more than two tokens"))
      assert.equal(long.limit, "maxTokensPerMessage")
      yield* session.send("hello")
      const error = yield* failsWith("LimitExceeded", Stream.runDrain(session.stream("again")))
      assert.deepEqual([error.limit, error.max, error.actual], ["maxMessages", 2, 4])
      assert.equal((yield* session.turns).length, 1)
    }))
]
