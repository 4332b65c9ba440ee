import { assert, describe, it } from "@effect/vitest"
import { DateTime, Duration } from "effect"
import { ProviderTransient } from "../../src/domain/error/ProviderError.js"
import { TurnInterrupted } from "../../src/domain/error/TurnError.js"
import { IdempotencyKey, TurnId } from "../../src/domain/Ids.js"
import { Message } from "../../src/domain/Message.js"
import { SessionStatus } from "../../src/domain/Session.js"
import { acceptTurn, callAgain, continueTurn, retryTurn, startTurn } from "../../src/layers/host/actor/turnSteps.js"
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
  toolResult,
  windowSize
} from "./steps.js"

const longest = Duration.minutes(10)
const message = { content: "Hello" }

const { prompt: _, ...withoutPrompt } = accepted()
const calling = { ...withoutPrompt, status: "calling", attempt: 1, startedAt: later, promptSeq: 1 } as const

describe("acceptTurn", () => {
  it("numbers the turns of a session 1, 2, 3, with an event for each, and changes nothing else", () => {
    let state = initialState
    for (const ordinal of [1, 2, 3]) {
      const id = TurnId.make(`turn-${ordinal}`)
      const { changes, next, turn } = acceptTurn(state, { turnId: id, message, prompt }, later, longest)
      assert.deepStrictEqual(turn, {
        id,
        sessionId,
        ordinal,
        status: "accepted",
        attempt: 0,
        prompt,
        acceptedAt: later
      })
      assert.deepStrictEqual(changes, {
        turns: [turn],
        events: [{ _tag: "TurnAccepted", turnId: id, sessionId, number: ordinal + 1, at: later }]
      })
      assert.deepStrictEqual(next, { ...initialState, lastOrdinal: ordinal, lastEvent: ordinal + 1 })
      state = next
    }
  })

  it("continues after the last ordinal that was ever used", () => {
    const { turn } = acceptTurn({ ...initialState, lastOrdinal: 41 }, { turnId, message, prompt }, later, longest)
    assert.strictEqual(turn.ordinal, 42)
  })

  it("stores with the turn the options of its send that a later owner needs", () => {
    const send = {
      turnId,
      message: { ...message, key: IdempotencyKey.make("k"), whenBusy: "steer", onUnknown: "retry" } as const,
      digest: "d",
      prompt
    }
    const { turn } = acceptTurn(initialState, send, later, longest)
    assert.deepInclude(turn, { key: IdempotencyKey.make("k"), digest: "d", whenBusy: "steer", onUnknown: "retry" })
    assert.notProperty(turn, "deadlineAt")
  })

  it.each(
    [
      { timeout: "1 minute", millis: 60_000 },
      { timeout: "10 minutes", millis: 600_000 },
      { timeout: "11 minutes", millis: 600_000 },
      { timeout: 1e18, millis: 600_000 }
    ] as const
  )(
    "turns a timeout of $timeout into a deadline $millis ms later, capped at the host's maximum",
    ({ millis, timeout }) => {
      const send = { turnId, message: { ...message, timeout: Duration.decode(timeout) }, prompt }
      const { deadlineAt } = acceptTurn(initialState, send, later, longest).turn
      assert.deepStrictEqual(deadlineAt, DateTime.add(later, { millis }))
    }
  )

  it("uses the session's busy policy unless the send has one", () => {
    const state = { ...initialState, session: { ...initialState.session, config: { whenBusy: "interrupt" } as const } }
    const policyOf = (send: object) =>
      acceptTurn(state, { turnId, message: { ...message, ...send }, prompt }, later, longest).turn.whenBusy
    assert.strictEqual(policyOf({}), "interrupt")
    assert.strictEqual(policyOf({ whenBusy: "queue" }), "queue")
  })
})

describe("startTurn", () => {
  it("stores the question instead of the prompt, with events for both", () => {
    const { changes, next, turn } = startTurn(initialState, accepted(), [], question(1), later, windowSize)
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

  it("stores the messages before the question ahead of it", () => {
    const closing = new Message(entry(1, "tool", [toolResult("a")]))
    const { changes, next, turn } = startTurn(initialState, accepted(), [closing], question(2), later, windowSize)
    assert.deepStrictEqual(next.window.map(({ role, seq }) => [seq, role]), [[1, "tool"], [2, "user"]])
    assert.strictEqual(turn.promptSeq, 2)
    assert.deepStrictEqual(changes.events?.map(({ _tag, number }) => [number, _tag]), [
      [2, "MessageSent"],
      [3, "MessageSent"],
      [4, "TurnStarted"]
    ])
  })

  it.each(SessionStatus.literals)("makes an idle session active, and no other: %s", (status) => {
    const state = { ...initialState, session: { ...session, status } }
    const { changes, next } = startTurn(state, accepted(), [], question(1), later, windowSize)
    assert.strictEqual(next.session.status, status === "idle" ? "active" : status)
    assert.strictEqual(changes.status, status === "idle" ? "active" : undefined)
  })
})

describe("continueTurn", () => {
  const started = startTurn(initialState, accepted(), [], question(1), later, windowSize)
  const paused = reply(2, { finishReason: "paused" })

  it("stores the reply so far and begins the next attempt without the last draft", () => {
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

  it("adds the turns that were steered into it, each with its question", () => {
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

  it("adds an attempt for the new target, with a notice of the failed one", () => {
    const circuit = { _tag: "CircuitOpen", provider: "mock", model: "mock-model", retryAfterMs: 5 } as const
    const { changes, next, turn } = callAgain(
      initialState,
      calling,
      target,
      { attempt: failed, notices: [circuit] },
      later
    )
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

  it("names no fallback when the session's own provider is called again", () => {
    const withoutPrompt = { ...calling, fallback: { provider: "other", model: "other-model" } }
    assert.notProperty(callAgain(initialState, withoutPrompt, { ...target, index: 0 }, {}, later).turn, "fallback")
  })
})

describe("retryTurn", () => {
  it("adds an attempt after a lost one, and no messages", () => {
    const lost = { ...calling, draft: "half", fallback: { provider: "other", model: "other-model" } }
    const { changes, next, turn } = retryTurn({ ...initialState, lastSeq: 1 }, lost, later)
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

  it("does not resume the provider's copy of the conversation, which is in doubt", () => {
    const session = { ...initialState.session, cursor: { provider: "mock", value: "conversation", seq: 0 } }
    const { changes, next } = retryTurn({ ...initialState, session }, calling, later)
    assert.deepStrictEqual([changes.cursor, next.session.cursor], [null, undefined])
  })
})
