import { assert, describe, it } from "@effect/vitest"
import { Either } from "effect"
import { checkLimits } from "../../src/layers/host/actor/sendCommands.js"
import { session } from "../domain/conversation.js"
import { initialState, prompt } from "./steps.js"

const says = (length: number) => ({ ...prompt, parts: [{ _tag: "Text" as const, text: "x".repeat(length) }] })

const withConfig = (config: typeof session.config, messageCount = 0) => ({
  ...initialState,
  session: { ...session, config, messageCount }
})

describe("checkLimits", () => {
  it.each([
    [0, 6, true],
    [0, 7, false],
    [4, 2, true],
    [4, 3, false],
    [5, 1, true],
    [6, 1, false]
  ])("with a limit of six, %s messages plus %s more fit: %s", (messages, more, fits) => {
    assert.strictEqual(Either.isRight(checkLimits(withConfig({ maxMessages: 6 }, messages), prompt, more)), fits)
  })

  it("reports the limit and the value that would exceed it", () => {
    const refused = Either.flip(checkLimits(withConfig({ maxMessages: 6 }, 5), prompt, 2))
    assert.deepInclude(Either.getOrThrow(refused), { limit: "maxMessages", max: 6, actual: 7 })
  })

  it("counts four characters as a token, over all parts together", () => {
    const state = withConfig({ maxTokensPerMessage: 2 })
    assert.isTrue(Either.isRight(checkLimits(state, says(8), 0)))
    const refused = Either.flip(checkLimits(state, says(9), 0))
    assert.deepInclude(Either.getOrThrow(refused), { limit: "maxTokensPerMessage", max: 2, actual: 3 })
    const parts = { ...prompt, parts: [...says(5).parts, ...says(4).parts] }
    assert.isTrue(Either.isLeft(checkLimits(state, parts, 0)))
  })

  it("has no limits by default", () => {
    assert.isTrue(Either.isRight(checkLimits(withConfig({}, 1e9), says(1e6), 1e6)))
  })
})
