import { assert, describe, it } from "@effect/vitest"
import { ProviderQuota } from "../../src/domain/error/ProviderError.js"
import { DeadlineExceeded, TurnInterrupted, TurnStopped } from "../../src/domain/error/TurnError.js"
import { TurnId } from "../../src/domain/Ids.js"
import { Message, type Part } from "../../src/domain/Message.js"
import { SessionStatus } from "../../src/domain/Session.js"
import type { Turn, TurnStatus } from "../../src/domain/Turn.js"
import { dropTurn, endTurn, rollBackTurn, type TurnEnd, unansweredCalls } from "../../src/layers/host/actor/turnEnd.js"
import { startTurn } from "../../src/layers/host/actor/turnSteps.js"
import { session, sessionId, turnId } from "../domain/conversation.js"
import {
  accepted,
  attempt,
  entry,
  initialState,
  later,
  prompt,
  question,
  reply,
  toolCall,
  toolResult,
  windowSize
} from "./steps.js"

const started = startTurn(initialState, accepted(), [], question(1), later, windowSize)
const end = (ending: TurnEnd, after: ReadonlyArray<Message> = [], state = started.next) =>
  endTurn(state, [started.turn], ending, after, later, windowSize)
const completed: TurnEnd = { error: undefined, message: reply(2), attempt: attempt() }
const stopped = new TurnStopped({ sessionId, turnId })

const history = (...parts: ReadonlyArray<Part>) =>
  parts.map((part, index) => new Message(entry(index + 1, part._tag === "ToolCall" ? "assistant" : "tool", [part])))

describe("endTurn", () => {
  it("stores the reply with the turn's terminal record, with events for both", () => {
    const { changes, next } = endTurn(
      started.next,
      [{ ...started.turn, draft: "H" }],
      completed,
      [],
      later,
      windowSize
    )
    const ended: Turn = {
      ...started.turn,
      status: "completed",
      endedAt: later,
      replySeq: 2,
      attempts: [attempt()]
    }
    assert.deepStrictEqual(changes, {
      turns: [ended],
      metrics: next.metrics,
      lastActivityAt: later,
      messages: [reply(2)],
      events: [
        { _tag: "MessageReceived", message: reply(2), sessionId, number: 4, at: later },
        { _tag: "TurnCompleted", turnId, sessionId, number: 5, at: later }
      ]
    })
    assert.deepStrictEqual(next.window.map(({ role, seq }) => [seq, role]), [[1, "user"], [2, "assistant"]])
    assert.deepInclude(next.metrics, {
      totalMessages: 2,
      assistantMessages: 1,
      inputTokens: 3,
      outputTokens: 2,
      totalResponseTimeMs: 250,
      providerCalls: 1,
      providerErrors: 0
    })
  })

  it.each<[TurnStatus, NonNullable<TurnEnd["error"]>, told: string]>([
    ["failed", new ProviderQuota({ provider: "mock", reason: "no credit" }), "TurnFailed"],
    ["failed", new DeadlineExceeded({ turnId }), "TurnFailed"],
    ["interrupted", new TurnInterrupted({ turnId }), "TurnFailed"],
    ["stopped", new TurnStopped({ turnId }), "TurnStopped"]
  ])("makes a turn %s by its error, with or without a partial reply", (status, error, told) => {
    const cut = reply(2, { finishReason: "cut" })
    const ended: Turn = { ...started.turn, status, endedAt: later, error }

    const silent = end({ error, message: undefined })
    assert.deepStrictEqual(silent.changes.turns, [ended])
    assert.deepStrictEqual(silent.changes.messages, [])
    assert.deepStrictEqual(silent.changes.events?.map(({ _tag }) => _tag), [told])
    assert.strictEqual(silent.next.lastSeq, 1)

    const partial = end({ error, message: cut })
    assert.deepStrictEqual(partial.changes.turns, [{ ...ended, replySeq: 2 }])
    assert.deepStrictEqual(partial.changes.messages, [cut])
    assert.deepStrictEqual(partial.changes.events?.map(({ _tag }) => _tag), ["MessageReceived", told])
    assert.deepStrictEqual(partial.next.window, [question(1)])
    assert.strictEqual(partial.next.lastSeq, 2)
  })

  it("adds the last provider call to the earlier ones, with its notices", () => {
    const failed = attempt({ error: new ProviderQuota({ provider: "mock", reason: "no credit" }) })
    const again = { ...started.turn, attempt: 2, attempts: [failed] as const, fallback: { provider: "p", model: "m" } }
    const notice = { _tag: "HistoryReplayed", provider: "p", model: "m" } as const
    const { changes, next } = endTurn(
      started.next,
      [again],
      { ...completed, attempt: attempt({ provider: "p" }), notices: [notice] },
      [],
      later,
      windowSize
    )
    assert.deepStrictEqual(changes.turns?.[0]?.attempts, [failed, attempt({ provider: "p" })])
    assert.notProperty(changes.turns?.[0] ?? {}, "fallback")
    assert.deepStrictEqual(changes.events?.[0], {
      _tag: "TurnNoticed",
      turnId,
      notice,
      sessionId,
      number: 4,
      at: later
    })
    assert.strictEqual(next.metrics.providerCalls, 1)
  })

  it("stores the provider's cursor, or removes it when it must not be resumed", () => {
    const cursor = { provider: "mock", value: "conversation", seq: 2 }
    const kept = end({ ...completed, cursor })
    assert.deepStrictEqual([kept.changes.cursor, kept.next.session.cursor], [cursor, cursor])
    const dropped = end({ error: stopped, message: undefined, cursor: null }, [], kept.next)
    assert.deepStrictEqual([dropped.changes.cursor, dropped.next.session.cursor], [null, undefined])
    const untouched = end({ error: stopped, message: undefined }, [], kept.next)
    assert.notProperty(untouched.changes, "cursor")
    assert.deepStrictEqual(untouched.next.session.cursor, cursor)
  })

  it("ends the joined turns the same way, and stores the messages after the reply behind it", () => {
    const other = TurnId.make("turn-2")
    const { prompt: _, ...rest } = accepted(2)
    const joined: Turn = { ...rest, status: "calling", attempt: 2, joined: turnId, promptSeq: 2 }
    const closing = new Message(entry(3, "tool", [toolResult("a")]))
    const { changes, next } = endTurn(started.next, [started.turn, joined], completed, [closing], later, windowSize)
    assert.deepStrictEqual(changes.turns?.map(({ id, replySeq, status }) => [id, status, replySeq]), [
      [turnId, "completed", 2],
      [other, "completed", 2]
    ])
    assert.deepStrictEqual(changes.events?.map((event) => [event.number, event._tag]), [
      [4, "MessageReceived"],
      [5, "MessageSent"],
      [6, "TurnCompleted"],
      [7, "TurnCompleted"]
    ])
    assert.deepStrictEqual(next.window.map(({ role }) => role), ["user", "assistant", "tool"])
  })

  it.each(SessionStatus.literals)("keeps the session's status: %s", (status) => {
    const { changes, next } = end(completed, [], { ...started.next, session: { ...session, status } })
    assert.strictEqual(next.session.status, status)
    assert.notProperty(changes, "status")
  })
})

describe("dropTurn", () => {
  it("keeps the prompt of a turn that timed out, but not of one that was stopped", () => {
    const error = new DeadlineExceeded({ sessionId, turnId })
    const { changes, next } = dropTurn(initialState, accepted(), error, later)
    const { prompt: _, ...rest } = accepted()
    assert.deepStrictEqual(changes, {
      turns: [{ ...rest, prompt, status: "failed", endedAt: later, error }],
      events: [{ _tag: "TurnFailed", turnId, error, sessionId, number: 2, at: later }]
    })
    assert.deepStrictEqual(next, { ...initialState, lastEvent: 2 })
    assert.deepStrictEqual(dropTurn(initialState, accepted(), stopped, later).changes.turns, [
      { ...rest, status: "stopped", endedAt: later, error: stopped }
    ])
  })
})

describe("rollBackTurn", () => {
  it("removes the question and all messages after it, and keeps those before", () => {
    const before = [reply(1), new Message(entry(2, "tool", [toolResult("a")]))]
    const state = {
      ...initialState,
      lastSeq: 2,
      lastEvent: 5,
      window: before,
      session: { ...session, messageCount: 2 }
    }
    const { next: running, turn } = startTurn(state, accepted(), [], question(3), later, windowSize)
    const { changes, next } = rollBackTurn(running, [turn], stopped, { attempt: attempt({ error: stopped }) }, later)
    assert.deepStrictEqual(changes, {
      rewindTo: 2,
      metrics: next.metrics,
      lastActivityAt: later,
      turns: [{
        ...turn,
        status: "stopped",
        endedAt: later,
        error: stopped,
        attempts: [attempt({ error: stopped })]
      }],
      events: [
        { _tag: "TurnStopped", turnId, sessionId, number: 8, at: later },
        { _tag: "MessagesRewound", to: 2, sessionId, number: 9, at: later }
      ]
    })
    assert.deepStrictEqual(next.window, before)
    assert.strictEqual(next.session.messageCount, 2)
    // The numbers of removed messages are not used again.
    assert.strictEqual(next.lastSeq, 3)
    assert.strictEqual(next.metrics.providerCalls, 1)
  })
})

describe("unansweredCalls", () => {
  it.each([
    { what: "nothing was called", calls: history(), open: [] },
    { what: "a call has its result", calls: history(toolCall("a"), toolResult("a")), open: [] },
    { what: "one of two has its result", calls: history(toolCall("a"), toolCall("b"), toolResult("a")), open: ["b"] },
    { what: "a call comes again", calls: history(toolCall("a"), toolResult("a"), toolCall("a")), open: ["a"] }
  ])("answers the open calls when $what", ({ calls, open }) => {
    assert.deepStrictEqual(
      unansweredCalls(calls),
      open.map((id) => ({
        _tag: "ToolResult",
        id,
        result: "The tool was not run.",
        isError: true,
        unanswered: true
      }))
    )
  })

  it("skips calls that the question answers", () => {
    const open = unansweredCalls(history(toolCall("a"), toolCall("b")), [toolResult("b")])
    assert.deepStrictEqual(open.map(({ id }) => id), ["a"])
  })
})
