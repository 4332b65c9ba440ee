import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import { branchCases } from "../../src/testing/internal/sessionManager/branchCases.js"
import { providerCases } from "../../src/testing/internal/sessionManager/providerCases.js"
import { turnCases } from "../../src/testing/internal/sessionManager/turnCases.js"
import { start } from "../host/anotherHost.js"
import { runtimeWith, vendors } from "./vendors.js"

/** The cases of `SessionManagerContract` in which an adapter takes part. The others run over the mock. */
const cases = [...turnCases, ...branchCases, ...providerCases]

const runtimes = Object.entries(vendors()).map(([vendor, make]) => ({
  vendor,
  manager: Layer.unwrapScoped(Effect.map(make, ({ provider }) => runtimeWith(provider)))
}))

describe.each(runtimes)("SessionManager over $vendor", ({ manager }) => {
  layer(manager)((it) => {
    for (const { name, run } of cases) it.effect(name, () => run)
  })
})

describe.each(Object.entries(vendors({ packet: 1 })))("SessionManager over %s, one byte per packet,", (_, make) => {
  it.scoped("streams and stores the same text", () =>
    Effect.gen(function*() {
      const { provider } = yield* make
      yield* Effect.gen(function*() {
        const session = yield* start
        const text = "Grüße, 世界 🌍\u2028 ok"
        const events = yield* Stream.runCollect(session.stream(text))
        const streamed = [...events].map((event) => (event._tag === "TurnDelta" ? event.text : "")).join("")
        assert.strictEqual(streamed, `You said: ${text}`)
        assert.strictEqual((yield* session.send("again")).text, "You said: again")
        const { items } = yield* session.messages()
        assert.sameMembers(items.map((message) => message.text), [
          text,
          `You said: ${text}`,
          "again",
          "You said: again"
        ])
      }).pipe(Effect.provide(runtimeWith(provider)))
    }))
})
