import { assert, describe, it } from "@effect/vitest"
import { ProviderTransient } from "../../src/domain/error/ProviderError.js"
import { TurnInterrupted } from "../../src/domain/error/TurnError.js"
import { TurnId } from "../../src/domain/Ids.js"
import { Message } from "../../src/domain/Message.js"
import { SessionStatus } from "../../src/domain/Session.js"
import { callAgain } from "../../src/layers/host/actor/turnSteps.js"
import { continueTurn } from "../../src/layers/host/actor/turnSteps.js"
import { retryTurn } from "../../src/layers/host/actor/turnSteps.js"
import { startTurn } from "../../src/layers/host/actor/turnSteps.js"
import { session, sessionId, turnId } from "../domain/conversation.js"
import { accepted, attempt, entry, fresh, later, question, reply, toolResult, windowSize } from "./steps.js"

const { prompt: _, ...asked } = accepted()
const calling = { ...asked, status: "calling", attempt: 1, startedAt: later, promptSeq: 1 } as const

describe("startTurn", () => {
  it("puts the question into the history in place of the prompt, and tells of both", () => {
    const { changes, next, turn } = startTurn(fresh, accepted(), [], question(1), later, windowSize)
    assert.deepStrictEqual(turn, calling)
    assert.deepStrictEqual(changes, {
      messages: [question(1)],
      turns: [turn],
      metrics: next.metrics,
      lastActivityAt: later,
      events: [
        { _tag: "MessageSent", message: question(1), sessionId, number: 2, at: later },
        { _tag: "TurnStarted", turnId, sessionId, number: 3, at: later }
      ]
    })
    assert.deepStrictEqual(next.window, [question(1)])
    assert.deepInclude(next.metrics, { totalMessages: 1, userMessages: 1, providerCalls: 0 })
  })

  it("lets stand before the question what must", () => {
    const closing = new Message(entry(1, "tool", [toolResult("a")]))
    const { changes, next, turn } = startTurn(fresh, accepted(), [closing], question(2), later, windowSize)
    assert.deepStrictEqual(next.window.map(({ role, seq }) => [seq, role]), [[1, "tool"], [2, "user"]])
    assert.strictEqual(turn.promptSeq, 2)
    assert.deepStrictEqual(changes.events?.map(({ _tag, number }) => [number, _tag]), [
      [2, "MessageSent"],
      [3, "MessageSent"],
      [4, "TurnStarted"]
    ])
  })

  it.each(SessionStatus.literals)("wakes a session that is idle and no other: %s", (status) => {
    const state = { ...fresh, session: { ...session, status } }
    const { changes, next } = startTurn(state, accepted(), [], question(1), later, windowSize)
    assert.strictEqual(next.session.status, status === "idle" ? "active" : status)
    assert.strictEqual(changes.status, status === "idle" ? "active" : undefined)
  })
})

describe("continueTurn", () => {
  const started = startTurn(fresh, accepted(), [], question(1), later, windowSize)
  const paused = reply(2, { finishReason: "paused" })

  it("stores what was said and begins the next attempt without the draft of the last", () => {
    const drafted = { ...started.turn, draft: "Hi" }
    const { changes, joined, next, turn } = continueTurn(
      started.next,
      drafted,
      [paused],
      { attempt: attempt() },
      [],
      later,
      windowSize
    )
    assert.deepStrictEqual(turn, { ...calling, attempt: 2, attempts: [attempt()] })
    assert.deepStrictEqual([changes.turns, joined, changes.messages], [[turn], [], [paused]])
    assert.deepStrictEqual(changes.events, [
      { _tag: "MessageReceived", message: paused, sessionId, number: 4, at: later }
    ])
    assert.deepInclude(next.metrics, { providerCalls: 1, providerErrors: 0, assistantMessages: 1 })
  })

  it("takes in the turns that were steered into it, each with its question", () => {
    const other = TurnId.make("turn-2")
    const join = { turn: accepted(2, { whenBusy: "steer" }), question: question(3, other) }
    const { changes, joined, next } = continueTurn(started.next, started.turn, [paused], {}, [join], later, windowSize)
    const { prompt: _, ...rest } = join.turn
    assert.deepStrictEqual(joined, [
      { ...rest, status: "calling", attempt: 2, startedAt: later, promptSeq: 3, joined: turnId }
    ])
    assert.deepStrictEqual(changes.turns?.slice(1), joined)
    assert.deepStrictEqual(next.window.map(({ seq }) => seq), [1, 2, 3])
    assert.deepStrictEqual(changes.events?.slice(1), [
      { _tag: "MessageSent", message: join.question, sessionId, number: 5, at: later },
      { _tag: "TurnJoined", turnId: other, into: turnId, sessionId, number: 6, at: later }
    ])
  })
})

describe("callAgain", () => {
  const target = { provider: "other", model: "other-model", config: {}, index: 1 }
  const failed = attempt({ error: new ProviderTransient({ provider: "mock", reason: "overloaded" }) })

  it("is one more attempt, of whoever is asked now, and tells of the one that failed", () => {
    const circuit = { _tag: "CircuitOpen", provider: "mock", model: "mock-model", retryAfterMs: 5 } as const
    const { changes, next, turn } = callAgain(fresh, calling, target, { attempt: failed, notices: [circuit] }, later)
    assert.deepStrictEqual(turn, {
      ...calling,
      attempt: 2,
      attempts: [failed],
      fallback: { provider: "other", model: "other-model" }
    })
    assert.deepStrictEqual(changes, {
      metrics: next.metrics,
      turns: [turn],
      events: [{ _tag: "AttemptFailed" as const, attempt: failed }, circuit].map((notice, index) => ({
        _tag: "TurnNoticed" as const,
        turnId,
        notice,
        sessionId,
        number: 2 + index,
        at: later
      }))
    })
    assert.deepInclude(next.metrics, { providerCalls: 1, providerErrors: 1 })
  })

  it("names no fallback when the session's own provider is asked again", () => {
    const asked = { ...calling, fallback: { provider: "other", model: "other-model" } }
    assert.notProperty(callAgain(fresh, asked, { ...target, index: 0 }, {}, later).turn, "fallback")
  })
})

describe("retryTurn", () => {
  it("is one more attempt after one that is lost, and no more of the history", () => {
    const lost = { ...calling, draft: "half", fallback: { provider: "other", model: "other-model" } }
    const { changes, next, turn } = retryTurn({ ...fresh, lastSeq: 1 }, lost, later)
    const interrupted = {
      provider: "other",
      model: "other-model",
      startedAt: later,
      error: new TurnInterrupted({ sessionId, turnId })
    }
    assert.deepStrictEqual(turn, { ...calling, attempt: 2, attempts: [interrupted] })
    assert.deepStrictEqual(changes, {
      metrics: next.metrics,
      turns: [turn],
      events: [{ _tag: "TurnStarted", turnId, sessionId, number: 2, at: later }]
    })
    assert.deepInclude(next.metrics, { providerCalls: 1, providerErrors: 1, unpricedCalls: 1 })
  })

  it("does not go on with what its provider holds, since nobody knows what that is", () => {
    const session = { ...fresh.session, cursor: { provider: "mock", value: "conversation", seq: 0 } }
    const { changes, next } = retryTurn({ ...fresh, session }, calling, later)
    assert.deepStrictEqual([changes.cursor, next.session.cursor], [null, undefined])
  })
})
