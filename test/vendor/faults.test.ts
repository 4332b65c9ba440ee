import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Redacted, Stream, TestClock } from "effect"
import { vi } from "vitest"
import { AnthropicProvider } from "../../src/layers/provider/AnthropicProvider.js"
import * as ChatCompletionsProvider from "../../src/layers/provider/ChatCompletionsProvider.js"
import { OpenAiProvider } from "../../src/layers/provider/OpenAiProvider.js"
import { ProviderRegistry } from "../../src/services/ProviderRegistry.js"
import { asking, sessionId } from "../domain/conversation.js"
import { start } from "../host/anotherHost.js"
import { jsonAnswer, streamAnswer } from "./answers.js"
import type { Handler } from "./LoopbackServer.js"
import { runtimeWith, vendors } from "./vendors.js"

const replies = (url: string) => /\/(?:responses|messages|chat\/completions)$/.test(url)
const turnOfTheLoop = Effect.async<void>((resume) => void setImmediate(() => resume(Effect.void)))

/** Lets time pass, one second at a time, until the fiber has ended. */
const passTime = <A, E>(fiber: Fiber.RuntimeFiber<A, E>): Effect.Effect<void> =>
  Effect.suspend(() =>
    fiber.unsafePoll() === null
      ? Effect.zipRight(Effect.zipRight(TestClock.adjust("1 second"), turnOfTheLoop), passTime(fiber))
      : Effect.void
  )

describe.each(Object.entries(vendors()))("a session with %s", (vendor, make) => {
  it.scoped("row 35: retries as often as it may, and not before the vendor allows", () =>
    Effect.gen(function*() {
      const clock = yield* Effect.clock
      const { provider, server } = yield* make
      const moments: Array<number> = []
      const busy: Handler = (_, response) => {
        moments.push(clock.unsafeCurrentTimeMillis())
        jsonAnswer(response, 429, { error: { type: "rate_limit_error", message: "slow" } }, { "retry-after": "3" })
      }
      yield* Effect.gen(function*() {
        const session = yield* start
        // Creates the vendor's conversation.
        yield* session.send("first")
        server.next(busy, busy, busy)
        const sending = yield* Effect.fork(session.send("again"))
        yield* passTime(sending)
        const error = yield* Effect.flip(Fiber.join(sending))
        assert(error._tag === "ProviderTransient")
        assert.strictEqual(error.retryAfterMs, 3000)
        const [first = 0, second = 0, third = 0] = moments
        assert.strictEqual(moments.length, 3)
        assert.isTrue(second - first >= 3000 && third - second >= 3000, `${moments}`)
        assert.lengthOf(server.received.filter(({ url }) => replies(url)), 4)
        assert.strictEqual((yield* session.send("now")).text, "You said: now")
      }).pipe(Effect.provide(runtimeWith(provider)))
    }))

  it.scoped("row 40: accepts the next message after a stream that just ends or breaks, and retries nothing", () =>
    Effect.gen(function*() {
      const { provider, server } = yield* make
      yield* Effect.gen(function*() {
        const session = yield* start
        yield* session.send("first")
        for (const ending of ["end", "reset"] as const) {
          const asked = server.received.filter(({ url }) => replies(url)).length
          server.next((_, response) => streamAnswer(response, ": nothing yet\n\n", { ending }))
          const error = yield* Effect.flip(session.send("lost"))
          assert.strictEqual(error._tag, "ProviderProtocol", `${vendor}: ${error.message}`)
          assert.strictEqual(server.received.filter(({ url }) => replies(url)).length, asked + 1)
          assert.strictEqual((yield* session.send("found")).text, "You said: found")
        }
        assert.lengthOf((yield* session.messages()).items, 2 + 2 * 3)
      }).pipe(Effect.provide(runtimeWith(provider)))
    }))
})

const apiKey = Redacted.make("sk-test")
const options = { name: "vendor", apiKey, baseUrl: "http://127.0.0.1:9" }

/** Makes `fetch` fail like Node's for an unreachable address. Which real addresses are unreachable depends on the network. */
const unreachable = Effect.acquireRelease(
  Effect.sync(() => {
    const cause = Object.assign(new Error("Connect Timeout Error"), { code: "UND_ERR_CONNECT_TIMEOUT" })
    return vi.spyOn(globalThis, "fetch").mockRejectedValue(new TypeError("fetch failed", { cause }))
  }),
  (spy) => Effect.sync(() => spy.mockRestore())
)

describe("an address that does not answer", () => {
  for (
    const [vendor, layer] of [
      ["openai", OpenAiProvider.layer(options)],
      ["anthropic", AnthropicProvider.layer(options)],
      ["chat completions", ChatCompletionsProvider.layer(options)]
    ] as const
  ) {
    it.scoped(`row 37: fails with ProviderTransient, although the SDK reports only a timeout: ${vendor}`, () =>
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
