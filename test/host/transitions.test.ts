import { assert, describe, it } from "@effect/vitest"
import { DateTime, FastCheck } from "effect"
import { Epoch } from "../../src/domain/Epoch.js"
import { ConfigurationError } from "../../src/domain/error/ConfigurationError.js"
import { MiddlewareError } from "../../src/domain/error/MiddlewareError.js"
import { ProviderQuota } from "../../src/domain/error/ProviderQuota.js"
import { TurnInterrupted } from "../../src/domain/error/TurnInterrupted.js"
import { TurnStopped } from "../../src/domain/error/TurnStopped.js"
import type { FinishReason } from "../../src/domain/FinishReason.js"
import type { Message } from "../../src/domain/Message.js"
import { MessageId } from "../../src/domain/MessageId.js"
import { initial } from "../../src/domain/SessionContext.js"
import { empty } from "../../src/domain/SessionMetrics.js"
import { SessionStatus } from "../../src/domain/SessionStatus.js"
import type { Prompt, Turn, TurnStatus } from "../../src/domain/Turn.js"
import { TurnId } from "../../src/domain/TurnId.js"
import { acceptTurn } from "../../src/services/internal/actor/acceptTurn.js"
import { appendMessage } from "../../src/services/internal/actor/appendMessage.js"
import { endTurn } from "../../src/services/internal/actor/endTurn.js"
import { promptMessage } from "../../src/services/internal/actor/promptMessage.js"
import { replyMessage } from "../../src/services/internal/actor/replyMessage.js"
import type { SessionState } from "../../src/services/internal/actor/SessionState.js"
import { startTurn } from "../../src/services/internal/actor/startTurn.js"
import type { TurnEnd } from "../../src/services/internal/actor/TurnEnd.js"
import { message, now, session, sessionId, turnId } from "../domain/conversation.js"

const windowSize = 4
const later = DateTime.unsafeMake(5000)
const messageId = MessageId.make("message")
const prompt: Prompt = { parts: [{ _tag: "Text", text: "Hello" }], metadata: { lang: "en" } }

const fresh: SessionState = {
  epoch: Epoch.make(3),
  session,
  context: initial(sessionId, now),
  metrics: empty(sessionId),
  lastSeq: 0,
  lastOrdinal: 0,
  window: []
}

const withStatus = (status: SessionStatus): SessionState => ({ ...fresh, session: { ...session, status } })

const accepted = acceptTurn(fresh, turnId, prompt, now)
const asked = promptMessage(accepted.next, messageId, prompt, now, turnId)
const started = startTurn(accepted.next, accepted.turn, asked, now, windowSize)

const replied = (state: SessionState, finishReason: FinishReason = "complete") =>
  replyMessage(
    state,
    messageId,
    { parts: [{ _tag: "Text", text: "Hi" }], finishReason, metadata: {}, usage: { inputTokens: 3, outputTokens: 2 } },
    later,
    turnId,
    250
  )

const completed: TurnEnd = { error: undefined, message: replied(started.next) }
const end = (ending: TurnEnd, state = started.next, turn: Turn = started.turn) =>
  endTurn(state, turn, ending, later, windowSize)

/** The state after one more message, of a user or a provider. */
const grown = (state: SessionState, kind: FinishReason | "asked"): SessionState =>
  appendMessage(
    state,
    kind === "asked" ? promptMessage(state, messageId, prompt, now, turnId) : replied(state, kind),
    now,
    windowSize
  )

describe("acceptTurn", () => {
  it("numbers the turns of a session 1, 2, 3, and changes nothing else", () => {
    let state = fresh
    for (const ordinal of [1, 2, 3]) {
      const { changes, next, turn } = acceptTurn(state, TurnId.make(`turn-${ordinal}`), prompt, later)
      assert.deepStrictEqual(turn, {
        id: TurnId.make(`turn-${ordinal}`),
        sessionId,
        ordinal,
        status: "accepted",
        prompt,
        acceptedAt: later
      })
      assert.deepStrictEqual(changes, { turns: [turn] })
      assert.deepStrictEqual(next, { ...fresh, lastOrdinal: ordinal })
      state = next
    }
  })

  it("goes on after the last ordinal that was ever used", () => {
    assert.strictEqual(acceptTurn({ ...fresh, lastOrdinal: 41 }, turnId, prompt, now).turn.ordinal, 42)
  })
})

describe("appendMessage", () => {
  const kinds = FastCheck.array(
    FastCheck.constantFrom<Array<FinishReason | "asked">>("asked", "complete", "length", "cut")
  )

  it("keeps seq dense, and the latest messages that a provider may see, as many as the window holds", () => {
    FastCheck.assert(
      FastCheck.property(kinds, (kinds) => {
        const seen: Array<Message> = []
        let state = fresh
        for (const kind of kinds) {
          const seq = state.lastSeq + 1
          state = grown(state, kind)
          assert.strictEqual(state.lastSeq, seq)
          if (kind !== "cut") seen.push(kind === "asked" ? asked : replied(fresh))
          assert.strictEqual(state.window.length, Math.min(seen.length, windowSize))
          assert.isTrue(state.window.every(({ finishReason }) => finishReason !== "cut"))
        }
        assert.deepStrictEqual(state.window.map(({ role }) => role), seen.slice(-windowSize).map(({ role }) => role))
        assert.strictEqual(state.session.messageCount, kinds.length)
        assert.strictEqual(state.metrics.totalMessages, kinds.length)
      })
    )
  })

  it("drops the oldest message of a full window", () => {
    const state = [1, 2, 3, 4, 5, 6].reduce(
      (state, seq) => appendMessage(state, message(seq, "user", `${seq}`), now, windowSize),
      fresh
    )
    assert.deepStrictEqual(state.window.map(({ seq }) => seq), [3, 4, 5, 6])
  })

  it("goes on after the last seq that was ever used, though the history was cleared", () => {
    const state = grown({ ...fresh, lastSeq: 7 }, "asked")
    assert.deepStrictEqual(state.window.map(({ seq }) => seq), [8])
  })

  it("counts a cut reply in the history and the metrics", () => {
    const state = grown(grown(fresh, "asked"), "cut")
    assert.deepInclude(state.metrics, { totalMessages: 2, userMessages: 1, assistantMessages: 1, outputTokens: 2 })
    assert.strictEqual(state.lastSeq, 2)
    assert.deepStrictEqual(state.window.map(({ seq }) => seq), [1])
  })

  it("moves the last activity, and leaves the state it was given as it was", () => {
    const before = structuredClone(fresh)
    const state = appendMessage(fresh, asked, later, windowSize)
    assert.deepStrictEqual(state.session.lastActivityAt, later)
    assert.deepStrictEqual(structuredClone(fresh), before)
  })
})

describe("startTurn", () => {
  it("puts the question into the history in place of the prompt", () => {
    const { changes, next, turn } = startTurn(accepted.next, accepted.turn, asked, later, windowSize)
    const { prompt: _, ...rest } = accepted.turn
    assert.deepStrictEqual(turn, { ...rest, status: "calling", startedAt: later, promptSeq: 1 })
    assert.deepStrictEqual(changes, {
      messages: [asked],
      turns: [turn],
      metrics: next.metrics,
      lastActivityAt: later
    })
    assert.deepInclude(asked, { role: "user", turnId, parts: prompt.parts, metadata: prompt.metadata })
    assert.deepStrictEqual(next.window, [asked])
    assert.deepInclude(next.metrics, { totalMessages: 1, userMessages: 1, providerCalls: 0 })
  })

  it.each(SessionStatus.literals)("wakes a session that is idle and no other: %s", (status) => {
    const { changes, next } = startTurn(withStatus(status), accepted.turn, asked, now, windowSize)
    assert.strictEqual(next.session.status, status === "idle" ? "active" : status)
    assert.strictEqual(changes.status, status === "idle" ? "active" : undefined)
  })
})

describe("endTurn", () => {
  it("believes in the last activity that it commits, with a reply or without one", () => {
    const failed = end({ error: new TurnInterrupted({ sessionId, turnId }), message: undefined })
    for (const { changes, next } of [end(completed), failed]) {
      assert.deepStrictEqual(next.session.lastActivityAt, changes.lastActivityAt)
    }
  })

  it.each([
    { error: new ProviderQuota({ provider: "p", reason: "r" }), counted: [1, 1] },
    { error: new TurnInterrupted({ sessionId, turnId }), counted: [1, 1] },
    { error: new TurnStopped({ sessionId, turnId }), counted: [1, 0] },
    { error: new MiddlewareError({ middleware: "m", stage: "reply", reason: "r" }), counted: [1, 0] },
    { error: new MiddlewareError({ middleware: "m", stage: "turn", reason: "r" }), counted: [0, 0] },
    { error: new ConfigurationError({ problems: ["p"] }), counted: [0, 0] }
  ])("counts calls and failures of the provider after $error._tag", ({ counted, error }) => {
    const { metrics } = end({ error, message: undefined }).next
    assert.deepStrictEqual([metrics.providerCalls, metrics.providerErrors], counted)
  })

  it("puts the reply into the history, with the turn's one terminal record", () => {
    const { changes, next } = end(completed)
    const ended: Turn = { ...started.turn, status: "completed", endedAt: later, replySeq: 2 }
    assert.deepStrictEqual(changes, {
      turns: [ended],
      metrics: next.metrics,
      lastActivityAt: later,
      messages: [completed.message]
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

  it.each<[TurnStatus, NonNullable<TurnEnd["error"]>, errors: number]>([
    ["failed", new ProviderQuota({ provider: "mock", reason: "no credit" }), 1],
    ["interrupted", new TurnInterrupted({ turnId }), 1],
    ["stopped", new TurnStopped({ turnId }), 0]
  ])("makes a turn %s by its error, with or without a part of the reply", (status, error, providerErrors) => {
    const cut = replied(started.next, "cut")
    const ended: Turn = { ...started.turn, status, endedAt: later, errorCode: error.code }

    const silent = end({ error, message: undefined })
    assert.deepStrictEqual(silent.changes.turns, [ended])
    assert.notProperty(silent.changes, "messages")
    assert.deepInclude(silent.next.metrics, { totalMessages: 1, providerCalls: 1, providerErrors })
    assert.strictEqual(silent.next.lastSeq, 1)

    const partial = end({ error, message: cut })
    assert.deepStrictEqual(partial.changes.turns, [{ ...ended, replySeq: 2 }])
    assert.deepStrictEqual(partial.changes.messages, [cut])
    assert.deepStrictEqual(partial.next.window, [asked])
    assert.strictEqual(partial.next.lastSeq, 2)
  })

  it.each(SessionStatus.literals)("leaves a session's status as it is: %s", (status) => {
    const { changes, next } = end(completed, withStatus(status))
    assert.strictEqual(next.session.status, status)
    assert.notProperty(changes, "status")
  })
})
