import { assert, describe, it } from "@effect/vitest"
import { FastCheck } from "effect"
import type { FinishReason } from "../../src/domain/Message.js"
import type { Message } from "../../src/domain/Message.js"
import { appendMessages } from "../../src/layers/host/actor/SessionState.js"
import { message, now } from "../domain/conversation.js"
import { fresh, later, question, reply, windowSize } from "./steps.js"

const kinds = FastCheck.array(
  FastCheck.array(
    FastCheck.constantFrom<Array<FinishReason | "asked">>("asked", "complete", "length", "cut"),
    { maxLength: 3 }
  )
)

describe("appendMessages", () => {
  it("keeps seq dense, and the latest messages that a provider may see, as many as the window holds", () => {
    FastCheck.assert(
      FastCheck.property(kinds, (commits) => {
        const seen: Array<Message> = []
        let state = fresh
        for (const commit of commits) {
          const messages = commit.map((kind, index) =>
            kind === "asked"
              ? question(state.lastSeq + 1 + index)
              : reply(state.lastSeq + 1 + index, { finishReason: kind })
          )
          const { lastSeq } = state
          const { changes, next } = appendMessages(state, messages, now, windowSize)
          assert.deepStrictEqual(changes.messages, messages)
          assert.strictEqual(next.lastSeq, lastSeq + messages.length)
          seen.push(...messages.filter(({ finishReason }) => finishReason !== "cut"))
          assert.deepStrictEqual(next.window, seen.slice(-windowSize))
          state = next
        }
        assert.strictEqual(state.session.messageCount, commits.flat().length)
        assert.strictEqual(state.metrics.totalMessages, commits.flat().length)
      })
    )
  })

  it("drops the oldest messages of a full window", () => {
    const all = [1, 2, 3, 4, 5, 6].map((seq) => message(seq, "user", `${seq}`))
    const { next } = appendMessages(fresh, all, now, windowSize)
    assert.deepStrictEqual(next.window.map(({ seq }) => seq), [3, 4, 5, 6])
  })

  it("counts a cut reply in the history and the metrics", () => {
    const { next } = appendMessages(fresh, [question(1), reply(2, { finishReason: "cut" })], now, windowSize)
    assert.deepInclude(next.metrics, {
      totalMessages: 2,
      userMessages: 1,
      assistantMessages: 1,
      totalResponseTimeMs: 250
    })
    assert.strictEqual(next.lastSeq, 2)
    assert.deepStrictEqual(next.window.map(({ seq }) => seq), [1])
  })

  it("moves the last activity, tells of nothing, and leaves the state it was given as it was", () => {
    const before = structuredClone(fresh)
    const { changes, next } = appendMessages(fresh, [question(1)], later, windowSize)
    assert.deepStrictEqual([next.session.lastActivityAt, changes.lastActivityAt], [later, later])
    assert.notProperty(changes, "events")
    assert.deepStrictEqual(structuredClone(fresh), before)
  })
})
