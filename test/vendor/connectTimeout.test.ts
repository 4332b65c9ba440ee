import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted, Stream } from "effect"
import { vi } from "vitest"
import { AnthropicProvider } from "../../src/layers/provider/AnthropicProvider.js"
import * as ChatCompletionsProvider from "../../src/layers/provider/ChatCompletionsProvider.js"
import { OpenAiProvider } from "../../src/layers/provider/OpenAiProvider.js"
import { ProviderRegistry } from "../../src/services/ProviderRegistry.js"
import { asking, sessionId } from "../domain/conversation.js"

const apiKey = Redacted.make("sk-test")
const options = { name: "vendor", apiKey, baseUrl: "http://127.0.0.1:9" }

/** As Node's fetch fails when an address does not answer; which address that would be depends on the network. */
const unreachable = Effect.acquireRelease(
  Effect.sync(() => {
    const cause = Object.assign(new Error("Connect Timeout Error"), { code: "UND_ERR_CONNECT_TIMEOUT" })
    return vi.spyOn(globalThis, "fetch").mockRejectedValue(new TypeError("fetch failed", { cause }))
  }),
  (spy) => Effect.sync(() => spy.mockRestore())
)

describe("a vendor whose address does not answer", () => {
  for (
    const [vendor, layer] of [
      ["openai", OpenAiProvider.layer(options)],
      ["anthropic", AnthropicProvider.layer(options)],
      ["chat completions", ChatCompletionsProvider.layer(options)]
    ] as const
  ) {
    it.scoped(`row 37: has certainly not begun to answer, though its SDK says no more than time-out: ${vendor}`, () =>
      Effect.gen(function*() {
        yield* unreachable
        const provider = yield* Effect.flatMap(ProviderRegistry, (registry) => registry.get("vendor"))
        const session = yield* provider.open({ sessionId, model: "m", config: {} })
        const error = yield* Effect.flip(Stream.runDrain(session.respond(asking("Hi"))))
        assert.strictEqual(error._tag, "ProviderTransient")
        assert.include(error.message, "UND_ERR_CONNECT_TIMEOUT")
      }).pipe(Effect.provide(Layer.provideMerge(layer, ProviderRegistry.layer()))))
  }
})
