import { assert, describe, it } from "@effect/vitest"
import { ProviderQuota } from "../../src/domain/error/ProviderError.js"
import { DeadlineExceeded, TurnInterrupted, TurnStopped } from "../../src/domain/error/TurnError.js"
import type { FinishReason } from "../../src/domain/Message.js"
import type { Turn } from "../../src/domain/Turn.js"
import { decideTurn } from "../../src/layers/host/actor/decideTurn.js"
import type { StopRequest } from "../../src/layers/host/actor/OpenTurn.js"
import type { Reply } from "../../src/services/Provider.js"
import { sessionId, turnId } from "../domain/conversation.js"
import { accepted, toolCall } from "./steps.js"

const calling: Turn = { ...accepted(), status: "calling", attempt: 1 }
const replied = (finishReason: FinishReason): Reply => ({
  parts: [{ _tag: "Text", text: "Hi" }, toolCall("a")],
  finishReason,
  metadata: {}
})
const half: Reply = { parts: [{ _tag: "Text", text: "H" }], finishReason: "cut", metadata: {} }
const cut: Reply = { parts: [{ _tag: "Text", text: "Hi" }], finishReason: "cut", metadata: {} }
const interrupted = new TurnInterrupted({ sessionId, turnId })
const stopped = new TurnStopped({ sessionId, turnId })
const request: StopRequest = { error: stopped, keepPartial: true, rollBack: false }

const answered = (reply: Reply, turn = calling, stopRequest?: StopRequest) =>
  decideTurn("mock", turn, { error: undefined, reply }, stopRequest)

const failed = (error: TurnInterrupted | ProviderQuota, reply: Reply | undefined, stopRequest?: StopRequest) =>
  decideTurn("mock", calling, { error, reply }, stopRequest)

describe("decideTurn", () => {
  it.each(["complete", "length", "toolCalls", "refusal"] as const)(
    "completes the turn after a reply that is %s",
    (reason) => {
      assert.deepStrictEqual(answered(replied(reason)), { _tag: "Complete", reply: replied(reason) })
    }
  )

  it("keeps a reply that was complete before the stop", () => {
    assert.deepStrictEqual(answered(replied("complete"), calling, request), {
      _tag: "Complete",
      reply: replied("complete")
    })
  })

  it("calls again after a reply that is paused, at most 16 times", () => {
    assert.strictEqual(answered(replied("paused"))._tag, "Continue")
    assert.strictEqual(answered(replied("paused"), { ...calling, attempt: 15 })._tag, "Continue")
    const decision = answered(replied("paused"), { ...calling, attempt: 16 })
    assert(decision._tag === "Abort")
    assert.strictEqual(decision.error._tag, "ProviderProtocol")
    assert.deepStrictEqual(decision.reply, cut)
  })

  it("ends a turn that is stopped between two calls, with the partial reply if the stop keeps it", () => {
    assert.deepStrictEqual(answered(replied("paused"), calling, request), { _tag: "Abort", error: stopped, reply: cut })
    assert.deepStrictEqual(answered(replied("paused"), calling, { ...request, keepPartial: false }), {
      _tag: "Abort",
      error: stopped,
      reply: undefined
    })
  })

  it("reports why a call was interrupted, and keeps the partial reply if the stop keeps it", () => {
    const late = new DeadlineExceeded({ sessionId, turnId })
    assert.deepStrictEqual(failed(interrupted, half), { _tag: "Abort", error: interrupted, reply: half })
    assert.deepStrictEqual(failed(interrupted, half, { ...request, error: late }), {
      _tag: "Abort",
      error: late,
      reply: half
    })
    assert.deepStrictEqual(failed(interrupted, half, { ...request, keepPartial: false }), {
      _tag: "Abort",
      error: stopped,
      reply: undefined
    })
  })

  it("reports a provider's failure rather than a stop that came too late", () => {
    const error = new ProviderQuota({ provider: "mock", reason: "no credit" })
    assert.deepStrictEqual(failed(error, half, request), { _tag: "Abort", error, reply: half })
  })
})
