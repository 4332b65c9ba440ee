import { assert, describe, it } from "@effect/vitest"
import { FastCheck } from "effect"
import type { FinishReason, Message } from "../../src/domain/Message.js"
import { appendMessages, inOneCommit, withEvents } from "../../src/layers/host/actor/SessionState.js"
import { startTurn } from "../../src/layers/host/actor/turnSteps.js"
import { message, now, sessionId, turnId } from "../domain/conversation.js"
import { accepted, initialState, later, question, reply, windowSize } from "./steps.js"

const kinds = FastCheck.array(
  FastCheck.array(
    FastCheck.constantFrom<Array<FinishReason | "asked">>("asked", "complete", "length", "cut"),
    { maxLength: 3 }
  )
)

describe("appendMessages", () => {
  it("keeps seq dense, and the latest messages that a provider may see in the window", () => {
    FastCheck.assert(
      FastCheck.property(kinds, (commits) => {
        const seen: Array<Message> = []
        let state = initialState
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
    const { next } = appendMessages(initialState, all, now, windowSize)
    assert.deepStrictEqual(next.window.map(({ seq }) => seq), [3, 4, 5, 6])
  })

  it("counts a cut reply in the history and the metrics", () => {
    const { next } = appendMessages(initialState, [question(1), reply(2, { finishReason: "cut" })], now, windowSize)
    assert.deepInclude(next.metrics, {
      totalMessages: 2,
      userMessages: 1,
      assistantMessages: 1,
      totalResponseTimeMs: 250
    })
    assert.strictEqual(next.lastSeq, 2)
    assert.deepStrictEqual(next.window.map(({ seq }) => seq), [1])
  })

  it("updates the last activity, adds no events, and does not mutate its input", () => {
    const before = structuredClone(initialState)
    const { changes, next } = appendMessages(initialState, [question(1)], later, windowSize)
    assert.deepStrictEqual([next.session.lastActivityAt, changes.lastActivityAt], [later, later])
    assert.notProperty(changes, "events")
    assert.deepStrictEqual(structuredClone(initialState), before)
  })
})

describe("withEvents", () => {
  it("numbers events after the last one and after those the transition already has", () => {
    const first = withEvents({ changes: {}, next: { ...initialState, lastEvent: 6 } }, later, [{
      _tag: "MessagesCleared"
    }])
    const { changes, next } = withEvents(first, later, [{ _tag: "SessionArchived" }, { _tag: "SessionReactivated" }])
    assert.deepStrictEqual(changes.events, [
      { _tag: "MessagesCleared", sessionId, number: 7, at: later },
      { _tag: "SessionArchived", sessionId, number: 8, at: later },
      { _tag: "SessionReactivated", sessionId, number: 9, at: later }
    ])
    assert.strictEqual(next.lastEvent, 9)
  })
})

describe("inOneCommit", () => {
  it("stores the turn of the second transition, and the events of both in order", () => {
    const turn = accepted()
    const told = [{ _tag: "TurnAccepted", turnId }] as const
    const first = withEvents({ changes: { turns: [turn] }, next: { ...initialState, lastOrdinal: 1 } }, later, told)
    const second = startTurn(first.next, turn, [], question(1), later, windowSize)
    const { changes, next } = inOneCommit(first, second)
    assert.deepStrictEqual(changes.turns, [second.turn])
    assert.deepStrictEqual(changes.messages, [question(1)])
    assert.deepStrictEqual(changes.events?.map(({ _tag, number }) => [number, _tag]), [
      [2, "TurnAccepted"],
      [3, "MessageSent"],
      [4, "TurnStarted"]
    ])
    assert.strictEqual(next, second.next)
  })
})
