import { assert, describe, it } from "@effect/vitest"
import { DateTime, Duration } from "effect"
import { IdempotencyKey } from "../../src/domain/Ids.js"
import { TurnId } from "../../src/domain/Ids.js"
import { acceptTurn } from "../../src/layers/host/actor/turnSteps.js"
import { sessionId, turnId } from "../domain/conversation.js"
import { fresh, later, prompt } from "./steps.js"

const longest = Duration.minutes(10)
const message = { content: "Hello" }

describe("acceptTurn", () => {
  it("numbers the turns of a session 1, 2, 3, tells of each, and changes nothing else", () => {
    let state = fresh
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
      assert.deepStrictEqual(next, { ...fresh, lastOrdinal: ordinal, lastEvent: ordinal + 1 })
      state = next
    }
  })

  it("goes on after the last ordinal that was ever used", () => {
    const { turn } = acceptTurn({ ...fresh, lastOrdinal: 41 }, { turnId, message, prompt }, later, longest)
    assert.strictEqual(turn.ordinal, 42)
  })

  it("keeps with the turn all that a later owner must know of its send", () => {
    const send = {
      turnId,
      message: { ...message, key: IdempotencyKey.make("k"), whenBusy: "steer", onUnknown: "retry" } as const,
      digest: "d",
      prompt
    }
    const { turn } = acceptTurn(fresh, send, later, longest)
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
    "makes a deadline of a timeout of $timeout, $millis ms later, within what the host allows",
    ({ millis, timeout }) => {
      const send = { turnId, message: { ...message, timeout: Duration.decode(timeout) }, prompt }
      const { deadlineAt } = acceptTurn(fresh, send, later, longest).turn
      assert.deepStrictEqual(deadlineAt, DateTime.add(later, { millis }))
    }
  )

  it("takes what to do while another turn runs from the session, unless the send says it", () => {
    const state = { ...fresh, session: { ...fresh.session, config: { whenBusy: "interrupt" } as const } }
    const policyOf = (send: object) =>
      acceptTurn(state, { turnId, message: { ...message, ...send }, prompt }, later, longest).turn.whenBusy
    assert.strictEqual(policyOf({}), "interrupt")
    assert.strictEqual(policyOf({ whenBusy: "queue" }), "queue")
  })
})
