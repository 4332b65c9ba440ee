import { assert, describe, it } from "@effect/vitest"
import { Either } from "effect"
import { Message } from "../../src/domain/Message.js"
import type { Part } from "../../src/domain/Message.js"
import { checkLimits } from "../../src/layers/host/actor/sendCommands.js"
import { inOneCommit } from "../../src/layers/host/actor/SessionState.js"
import { withEvents } from "../../src/layers/host/actor/SessionState.js"
import { unansweredCalls } from "../../src/layers/host/actor/turnEnd.js"
import { startTurn } from "../../src/layers/host/actor/turnSteps.js"
import { session, sessionId, turnId } from "../domain/conversation.js"
import { accepted, entry, fresh, later, prompt, question, toolCall, toolResult, windowSize } from "./steps.js"

const says = (length: number) => ({ ...prompt, parts: [{ _tag: "Text" as const, text: "x".repeat(length) }] })

const withConfig = (config: typeof session.config, messageCount = 0) => ({
  ...fresh,
  session: { ...session, config, messageCount }
})

const history = (...parts: ReadonlyArray<Part>) =>
  parts.map((part, index) => new Message(entry(index + 1, part._tag === "ToolCall" ? "assistant" : "tool", [part])))

describe("withEvents", () => {
  it("numbers events on from the last one, behind those that the step tells of already", () => {
    const first = withEvents({ changes: {}, next: { ...fresh, lastEvent: 6 } }, later, [{ _tag: "MessagesCleared" }])
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
  it("stores the turn as the second step left it, and tells of both in order", () => {
    const turn = accepted()
    const told = [{ _tag: "TurnAccepted", turnId }] as const
    const first = withEvents({ changes: { turns: [turn] }, next: { ...fresh, lastOrdinal: 1 } }, later, told)
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

describe("unansweredCalls", () => {
  it.each([
    { what: "nothing was called", calls: history(), open: [] },
    { what: "a call has its result", calls: history(toolCall("a"), toolResult("a")), open: [] },
    { what: "one of two has its result", calls: history(toolCall("a"), toolCall("b"), toolResult("a")), open: ["b"] },
    { what: "a call comes again", calls: history(toolCall("a"), toolResult("a"), toolCall("a")), open: ["a"] }
  ])("closes what is open when $what", ({ calls, open }) => {
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

  it("leaves to the question what the question answers", () => {
    const open = unansweredCalls(history(toolCall("a"), toolCall("b")), [toolResult("b")])
    assert.deepStrictEqual(open.map(({ id }) => id), ["a"])
  })
})

describe("checkLimits", () => {
  it.each([
    [0, 6, true],
    [0, 7, false],
    [4, 2, true],
    [4, 3, false],
    [5, 1, true],
    [6, 1, false]
  ])("lets %s messages have %s more within six: %s", (messages, more, fits) => {
    assert.strictEqual(Either.isRight(checkLimits(withConfig({ maxMessages: 6 }, messages), prompt, more)), fits)
  })

  it("says which limit there is and by how much it would be passed", () => {
    const refused = Either.flip(checkLimits(withConfig({ maxMessages: 6 }, 5), prompt, 2))
    assert.deepInclude(Either.getOrThrow(refused), { limit: "maxMessages", max: 6, actual: 7 })
  })

  it("takes four characters for a token, and all parts together", () => {
    const state = withConfig({ maxTokensPerMessage: 2 })
    assert.isTrue(Either.isRight(checkLimits(state, says(8), 0)))
    const refused = Either.flip(checkLimits(state, says(9), 0))
    assert.deepInclude(Either.getOrThrow(refused), { limit: "maxTokensPerMessage", max: 2, actual: 3 })
    const parts = { ...prompt, parts: [...says(5).parts, ...says(4).parts] }
    assert.isTrue(Either.isLeft(checkLimits(state, parts, 0)))
  })

  it("limits nothing unless told", () => {
    assert.isTrue(Either.isRight(checkLimits(withConfig({}, 1e9), says(1e6), 1e6)))
  })
})
