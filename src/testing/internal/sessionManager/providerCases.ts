import * as Effect from "effect/Effect"
import assert from "node:assert/strict"
import { type ContractCase, contractCase, failsWith, sessionCase } from "./contractCase.js"

/**
 * Providers of a session and their calls.
 */
export const providerCases: ReadonlyArray<ContractCase> = [
  contractCase("lists its providers with their capabilities", ({ sessions }) =>
    Effect.gen(function*() {
      const all = yield* sessions.listProviders
      const mock = all.find(({ name }) => name === "mock")
      assert.ok(mock)
      assert.deepEqual(yield* sessions.providerInfo("mock"), mock)
      assert.equal(typeof mock.capabilities.tools, "boolean")
      yield* failsWith("ConfigurationError", sessions.providerInfo("unknown"))
      yield* failsWith("InvalidRequest", sessions.providerInfo(""))
    })),

  contractCase(
    "refuses a session whose fallback is not registered",
    ({ start }) =>
      failsWith("ConfigurationError", start({ config: { fallbacks: [{ provider: "unknown", model: "m" }] } }))
  ),

  sessionCase("uses another model once it is configured", (session) =>
    Effect.gen(function*() {
      yield* session.send("one")
      const fallbacks = [{ provider: "mock", model: "another" }]
      const configured = yield* session.configure({ model: "another", providerConfig: { key: "value" }, fallbacks })
      assert.deepEqual([configured.provider, configured.model], ["mock", "another"])
      assert.deepEqual(configured.config.providerConfig, { key: "value" })
      assert.deepEqual(configured.config.fallbacks, fallbacks)
      yield* session.send("two")
      const [latest, first] = yield* session.turns
      assert.equal(latest?.attempts?.[0]?.model, "another")
      assert.equal(first?.attempts?.[0]?.model, "mock-model")
      assert.deepEqual((yield* session.configure({ providerConfig: { key: null } })).config.providerConfig, {})
    })),

  sessionCase("refuses an invalid configuration and stays unchanged", (session) =>
    Effect.gen(function*() {
      const before = yield* session.info
      yield* failsWith("ConfigurationError", session.configure({ provider: "unknown" }))
      yield* failsWith("InvalidRequest", session.configure({ model: "" }))
      assert.deepEqual(yield* session.info, before)
    })),

  sessionCase("keeps the provider calls of each turn with their usage", (session) =>
    Effect.gen(function*() {
      const reply = yield* session.send("hello")
      const turn = yield* session.turn(reply.turnId ?? "")
      const [attempt, ...others] = turn.attempts ?? []
      assert.ok(attempt)
      assert.deepEqual(others, [])
      assert.deepEqual([attempt.provider, attempt.model, attempt.error], ["mock", "mock-model", undefined])
      assert.deepEqual(attempt.usage, reply.usage)
      assert.ok(attempt.durationMs !== undefined && attempt.durationMs >= 0)
    }))
]
