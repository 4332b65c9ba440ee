import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import assert from "node:assert/strict"
import { type ContractCase, failsWith, sessionCase } from "./contractCase.js"

/**
 * Sending messages and reading the history.
 */
export const turnCases: ReadonlyArray<ContractCase> = [
  sessionCase("answers a send and stores both messages", (session) =>
    Effect.gen(function*() {
      const reply = yield* session.send({ content: "ping \u{1F600}", metadata: { channel: "test" } })
      assert.equal(reply.role, "assistant")
      assert.equal(reply.finishReason, "complete")
      assert.ok(reply.text.includes("ping \u{1F600}"), reply.text)
      const { items } = yield* session.messages()
      assert.deepEqual(items.map(({ role, seq }) => [seq, role]), [[1, "user"], [2, "assistant"]])
      assert.equal(items[0]?.text, "ping \u{1F600}")
      assert.deepEqual(items[0]?.metadata, { channel: "test" })
      assert.deepEqual(items[1], reply)
    })),

  sessionCase("accepts parts as well as text", (session) =>
    Effect.gen(function*() {
      yield* session.send({
        content: [
          { _tag: "Text", text: "what is this?" },
          { _tag: "Image", mediaType: "image/png", source: { _tag: "Remote", url: "https://example.com/a.png" } }
        ]
      })
      const { items: [question] } = yield* session.messages()
      assert.deepEqual(question?.parts.map(({ _tag }) => _tag), ["Text", "Image"])
    })),

  sessionCase("streams a turn from its acceptance to its stored reply", (session) =>
    Effect.gen(function*() {
      const events = Chunk.toReadonlyArray(yield* Stream.runCollect(session.stream("tell me more")))
      const deltas = events.filter((event) => event._tag === "TurnDelta")
      const completed = events.at(-1)
      assert.deepEqual(
        events.map(({ _tag }) => _tag),
        ["TurnAccepted", "TurnStarted", ...deltas.map(() => "TurnDelta"), "TurnCompleted"]
      )
      assert.ok(completed?._tag === "TurnCompleted" && deltas.length > 0)
      let length = 0
      for (const { offset, text } of deltas) {
        assert.equal(offset, length)
        length += text.length
      }
      assert.equal(deltas.map(({ text }) => text).join(""), completed.message.text)
      assert.equal(new Set(events.map(({ turnId }) => turnId)).size, 1)
      assert.deepEqual(yield* session.message(completed.message.id), completed.message)
    })),

  sessionCase("has nothing to stop between turns", (session) =>
    Effect.gen(function*() {
      assert.equal(yield* session.stop(), "alreadyEnded")
      yield* session.send("hello")
      const [turn] = yield* session.turns
      assert.equal(yield* session.stop({ turnId: turn?.id ?? "" }), "alreadyEnded")
      assert.equal(yield* session.stop({ turnId: "never-accepted", keepPartial: false }), "alreadyEnded")
      yield* failsWith("InvalidRequest", session.stop({ turnId: "no id" }))
    })),

  sessionCase("answers sends one after the other", (session) =>
    Effect.gen(function*() {
      yield* Effect.forEach(["a", "b", "c", "d"], (text) => session.send(text), { concurrency: "unbounded" })
      const { items } = yield* session.messages()
      assert.deepEqual(items.map(({ seq }) => seq), [1, 2, 3, 4, 5, 6, 7, 8])
      assert.deepEqual(items.map(({ role }) => role), items.map((_, index) => (index % 2 === 0 ? "user" : "assistant")))
    })),

  sessionCase("continues a turn whose stream is abandoned", (session) =>
    Effect.gen(function*() {
      const [accepted] = Chunk.toReadonlyArray(
        yield* session.stream("left alone").pipe(Stream.take(1), Stream.runCollect)
      )
      assert.equal(accepted?._tag, "TurnAccepted")
      // Turns run in order, so the first is answered before the second.
      yield* session.send("and now?")
      const turns = yield* session.turns
      assert.deepEqual(turns.map(({ status }) => status), ["completed", "completed"])
      assert.equal(turns[1]?.id, accepted?.turnId)
      assert.equal((yield* session.messages()).items.length, 4)
    })),

  sessionCase("adds a system message without a turn", (session) =>
    Effect.gen(function*() {
      const message = yield* session.sendSystem("be brief")
      assert.equal(message.role, "system")
      assert.equal(message.turnId, undefined)
      assert.deepEqual((yield* session.messages()).items, [message])
      assert.deepEqual(yield* session.turns, [])
    })),

  sessionCase("pages and filters the history", (session) =>
    Effect.gen(function*() {
      yield* session.sendSystem("be brief")
      yield* session.send("one")
      yield* session.send("two")
      const seqs = (query?: Parameters<typeof session.messages>[0]) =>
        Effect.map(session.messages(query), ({ items }) => items.map(({ seq }) => seq))
      assert.deepEqual(yield* seqs(), [1, 2, 3, 4, 5])
      assert.deepEqual(yield* seqs({ order: "newest", limit: 2 }), [5, 4])
      assert.deepEqual(yield* seqs({ role: "user" }), [2, 4])
      assert.deepEqual(yield* seqs({ since: "2999-01-01T00:00:00Z" }), [])
      const { items, next } = yield* session.messages({ limit: 3 })
      assert.deepEqual(items.map(({ seq }) => seq), [1, 2, 3])
      assert.deepEqual(yield* seqs({ limit: 3, ...(next && { cursor: next }) }), [4, 5])
    })),

  sessionCase("finds a message by its id", (session) =>
    Effect.gen(function*() {
      const reply = yield* session.send("hello")
      assert.deepEqual(yield* session.message(reply.id), reply)
      const error = yield* failsWith("MessageNotFound", session.message("no-such-message"))
      assert.equal(error.messageId, "no-such-message")
    })),

  sessionCase("counts usage and lists turns, latest first", (session) =>
    Effect.gen(function*() {
      yield* session.send("one")
      const reply = yield* session.send("two")
      const metrics = yield* session.metrics
      assert.equal(metrics.userMessages, 2)
      assert.equal(metrics.assistantMessages, 2)
      assert.equal(metrics.providerCalls, 2)
      assert.ok(metrics.inputTokens > 0 && metrics.outputTokens > 0)
      const turns = yield* session.turns
      assert.deepEqual(turns.map(({ ordinal, status }) => [ordinal, status]), [[2, "completed"], [1, "completed"]])
      assert.equal(turns[0]?.replySeq, reply.seq)
    })),

  sessionCase("finds a turn by its id", (session) =>
    Effect.gen(function*() {
      const reply = yield* session.send("hello")
      const turn = yield* session.turn(reply.turnId ?? "")
      assert.deepEqual([turn.status, turn.promptSeq, turn.replySeq], ["completed", 1, 2])
      assert.equal((yield* failsWith("TurnNotFound", session.turn("no-such-turn"))).turnId, "no-such-turn")
      yield* failsWith("InvalidRequest", session.turn("no id"))
    })),

  sessionCase("clears the history and nothing else", (session) =>
    Effect.gen(function*() {
      yield* session.updateContext({ user: { name: "Ada" } })
      yield* session.send("forget this")
      yield* session.clear
      assert.deepEqual((yield* session.messages()).items, [])
      assert.equal((yield* session.metrics).totalMessages, 2)
      assert.deepEqual((yield* session.context).user, { name: "Ada" })
      assert.equal((yield* session.send("again")).seq, 4)
    }))
]
