import { assert, describe, it } from "@effect/vitest"
import { Effect, FastCheck, Layer, Redacted } from "effect"
import { vi } from "vitest"
import type { JsonRecord } from "../../../src/domain/Json.js"
import { toRequest } from "../../../src/layers/provider/anthropic/request.js"
import { AnthropicProvider } from "../../../src/layers/provider/AnthropicProvider.js"
import { ProviderRegistry } from "../../../src/services/ProviderRegistry.js"
import { asking, message, request, sessionId } from "../../domain/conversation.js"
import { jsonAnswer } from "../../vendor/answers.js"
import { requestProblem } from "../../vendor/anthropic/requestProblem.js"
import { apiKey, errorAnswer, makeAnthropicServer, version } from "../../vendor/AnthropicServer.js"
import { layer, model, reply, saying, sent, text, textOf } from "./anthropic.js"

describe("AnthropicProvider", () => {
  it.scoped("answers, whatever the size of the packets", () =>
    Effect.gen(function*() {
      const whole = yield* makeAnthropicServer()
      const split = yield* makeAnthropicServer({ packet: 1 })
      for (const server of [whole, split]) {
        assert.strictEqual(textOf(yield* reply(server, asking("Grüße 🌍"))), "You said: Grüße 🌍")
      }
    }))

  it.scoped("answers concurrent calls, each with its own reply", () =>
    Effect.gen(function*() {
      const server = yield* makeAnthropicServer()
      const texts = Array.from({ length: 20 }, (_, index) => `question ${index}`)
      const replies = yield* Effect.forEach(texts, (text) => reply(server, asking(text)), { concurrency: 10 })
      assert.deepStrictEqual(replies.map(textOf), texts.map((text) => `You said: ${text}`))
    }))

  it.prop(
    "never sends a request that the vendor refuses, whatever the history",
    [FastCheck.array(
      FastCheck.tuple(
        FastCheck.constantFrom("user" as const, "assistant" as const, "system" as const, "tool" as const),
        FastCheck.array(
          FastCheck.oneof(
            FastCheck.constantFrom("", " ", "text", "text \n").map(text),
            FastCheck.record({
              _tag: FastCheck.constant("ToolCall" as const),
              id: FastCheck.constantFrom("a", "b", "c.d"),
              name: FastCheck.constantFrom("weather", "the time"),
              arguments: FastCheck.constant({})
            }),
            FastCheck.record({
              _tag: FastCheck.constant("ToolResult" as const),
              id: FastCheck.constantFrom("a", "b", "c.d"),
              result: FastCheck.constantFrom("", "sunny"),
              isError: FastCheck.boolean()
            }),
            FastCheck.constantFrom("thinking", "redacted_thinking", "server_tool_use").map((type) => ({
              _tag: "Opaque" as const,
              provider: "anthropic",
              kind: type,
              data: JSON.stringify({ type, signature: "x" })
            })),
            FastCheck.constantFrom("application/pdf", "text/plain", "text/csv").map((mediaType) => ({
              _tag: "File" as const,
              name: "file",
              mediaType,
              source: { _tag: "Inline" as const, base64: "IA==" }
            }))
          ),
          { maxLength: 4 }
        )
      ),
      { maxLength: 8 }
    )],
    ([history]) => {
      const messages = history.map(([role, parts], index) => saying(index + 1, role, ...parts))
      const body: unknown = JSON.parse(JSON.stringify(toRequest(model, {}, messages)))
      assert.isUndefined(requestProblem(body, false))
    },
    { fastCheck: { numRuns: 200 } }
  )

  it.scoped("sends its API version and its key", () =>
    Effect.gen(function*() {
      const { headers, raw } = yield* sent([message(1, "user", "Hello")])
      assert.strictEqual(headers["anthropic-version"], version)
      assert.strictEqual(headers.authorization, `Bearer ${apiKey}`)
      assert.strictEqual(headers["content-type"], "application/json")
      assert.notProperty(headers, "x-api-key")
      assert.notInclude(raw, apiKey)
    }))

  it.scoped("ignores keys, addresses, profiles and headers of the environment, and logs nothing", () =>
    Effect.gen(function*() {
      yield* Effect.acquireRelease(
        Effect.sync(() => {
          vi.stubEnv("ANTHROPIC_API_KEY", "ambient-key")
          vi.stubEnv("ANTHROPIC_AUTH_TOKEN", "ambient-token")
          vi.stubEnv("ANTHROPIC_BASE_URL", "http://127.0.0.1:1")
          vi.stubEnv("ANTHROPIC_PROFILE", "ambient-profile")
          vi.stubEnv("ANTHROPIC_LOG", "debug")
          vi.stubEnv(
            "ANTHROPIC_CUSTOM_HEADERS",
            "authorization: Bearer ambient\nx-api-key: ambient\nx-ambient: 1\nanthropic-workspace-id: ambient"
          )
        }),
        () => Effect.sync(() => vi.unstubAllEnvs())
      )
      const consoles = (["debug", "info", "log", "warn", "error"] as const).map((level) => vi.spyOn(console, level))
      yield* Effect.addFinalizer(() => Effect.sync(() => consoles.forEach((spy) => spy.mockRestore())))
      const { headers } = yield* sent([message(1, "user", "Hello")])
      assert.notInclude(JSON.stringify(headers), "ambient")
      assert.strictEqual(headers.authorization, `Bearer ${apiKey}`)
      assert.deepStrictEqual(consoles.flatMap((spy) => spy.mock.calls), [])
    }))

  it.effect("declares its capabilities and the schema of providerConfig", () =>
    Effect.gen(function*() {
      const provider = yield* (yield* ProviderRegistry).get("claude")
      assert.deepStrictEqual(provider.capabilities, {
        conversation: "stateless",
        images: ["image/jpeg", "image/png", "image/gif", "image/webp"],
        files: ["application/pdf", "text/plain"],
        tools: true
      })
      assert.strictEqual(provider.vendor, "anthropic")
      assert.deepStrictEqual(provider.defaultConfig, { maxTokens: 10 })
      assert.containsAllKeys(provider.configSchema?.["properties"], [
        "system",
        "maxTokens",
        "tools",
        "thinking",
        "cache"
      ])
    }).pipe(
      Effect.provide(
        AnthropicProvider.layer({ apiKey: Redacted.make("key"), name: "claude", defaultConfig: { maxTokens: 10 } })
          .pipe(
            Layer.provideMerge(ProviderRegistry.layer())
          )
      )
    ))

  it.scoped.each<[JsonRecord, string]>([
    [{ maxTokens: 0 }, "\"maxTokens\" must be"],
    [{ cache: "2h" }, "\"cache\" must be"],
    [{ effort: "canary" }, "\"effort\" must be"],
    [{ thinking: { type: "enabled", budgetTokens: 5 } }, "\"thinking.budgetTokens\" must be"],
    [{ tools: [{ name: "a tool", parameters: {} }] }, "\"tools.0.name\" must be"]
  ])(
    "refuses %j in providerConfig, and in defaultConfig when the layer is built",
    ([config, problem]) =>
      Effect.gen(function*() {
        const server = yield* makeAnthropicServer()
        const error = yield* Effect.flip(reply(server, asking("Hi"), config))
        assert(error._tag === "ConfigurationError")
        assert.include(error.message, `providerConfig: ${problem}`)
        assert.notInclude(error.message, "canary")
        assert.strictEqual(error.sessionId, sessionId)
        const built = yield* Effect.flip(Layer.build(layer(server, { defaultConfig: config })))
        assert.include(built.message, problem)
        assert.strictEqual(server.received.length, 0)
      })
  )

  it.scoped.each<[string, string, string]>([
    ["", "https://api.anthropic.com", "\"apiKey\" must be"],
    ["sk-canary\n", "https://api.anthropic.com", "\"apiKey\" must be"],
    ["sk-canary", "api.anthropic.com", "\"baseUrl\" must be"],
    ["sk-canary", "https://", "\"baseUrl\" must be"]
  ])("refuses the key %j with the base URL %j", ([key, baseUrl, problem]) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(
        Layer.build(
          Layer.provide(AnthropicProvider.layer({ apiKey: Redacted.make(key), baseUrl }), ProviderRegistry.layer())
        )
      )
      assert.include(error.message, problem)
      assert.notInclude(JSON.stringify(error) + error.message, "canary")
    }))

  it.scoped("can be registered under two names, but not twice under one", () =>
    Effect.gen(function*() {
      const server = yield* makeAnthropicServer()
      const build = (name: string) =>
        AnthropicProvider.make({ apiKey: Redacted.make(apiKey), baseUrl: server.url, name })
      yield* build("one")
      yield* build("two")
      const registry = yield* ProviderRegistry
      assert.deepStrictEqual((yield* registry.list).map(({ name }) => name), ["one", "two"])
      assert.include((yield* Effect.flip(build("one"))).message, "\"one\" is already registered")
    }).pipe(Effect.provide(ProviderRegistry.layer())))

  describe("as a service", () => {
    it.scoped("describes a model", () =>
      Effect.gen(function*() {
        const server = yield* makeAnthropicServer()
        const info = yield* Effect.provide(
          Effect.flatMap(AnthropicProvider, (claude) => claude.modelInfo(model)),
          layer(server)
        )
        assert.deepStrictEqual(info, {
          id: model,
          name: "Claude Opus 5.5",
          lifecycle: "active",
          maxInputTokens: 1_000_000,
          maxOutputTokens: 128_000
        })
        assert.strictEqual(server.received[0]?.url, `/v1/models/${model}`)
      }))

    it.scoped("leaves out unknown fields of a model, and fails on an invalid answer", () =>
      Effect.gen(function*() {
        const server = yield* makeAnthropicServer()
        server.next(
          (_, response) => jsonAnswer(response, 200, { id: model, display_name: "Claude", max_tokens: null }),
          (_, response) => jsonAnswer(response, 200, { id: 7 }),
          (_, response) => errorAnswer(response, 529, "overloaded_error", "Overloaded")
        )
        const ask = Effect.flatMap(AnthropicProvider, (claude) => claude.modelInfo(model))
        yield* Effect.gen(function*() {
          assert.deepStrictEqual(yield* ask, { id: model, name: "Claude" })
          assert.strictEqual((yield* Effect.flip(ask))._tag, "ProviderProtocol")
          assert.strictEqual((yield* Effect.flip(ask))._tag, "ProviderTransient")
          const unknown = Effect.flatMap(AnthropicProvider, (claude) => claude.modelInfo("../gpt"))
          assert.strictEqual((yield* Effect.flip(unknown))._tag, "ProviderRejected")
        }).pipe(Effect.provide(layer(server)))
      }))

    it.scoped("counts the tokens of the same request as a call's", () =>
      Effect.gen(function*() {
        const server = yield* makeAnthropicServer()
        const config = {
          system: "You are a poet.",
          tools: [{ name: "weather", parameters: {} }],
          toolChoice: "auto",
          thinking: { type: "adaptive" },
          effort: "low",
          stopSequences: ["END"],
          extra: { service_tier: "auto" }
        }
        const history = [message(1, "system", "Be brief."), message(2, "user", "Hello"), message(3, "system", "Now.")]
        const tokens = yield* Effect.provide(
          Effect.flatMap(AnthropicProvider, (claude) => claude.countTokens({ model, messages: history, config })),
          layer(server, { defaultConfig: { cache: "1h" } })
        )
        yield* reply(server, request(...history), { cache: "1h", ...config })
        const [count, call] = server.received
        assert.strictEqual(count?.url, "/v1/messages/count_tokens")
        assert.strictEqual(tokens, Math.ceil((count?.raw ?? "").length / 4))
        assert.deepStrictEqual(
          call?.body,
          Object.assign({}, count?.body, {
            max_tokens: 8192,
            stream: true,
            stop_sequences: ["END"],
            service_tier: "auto"
          })
        )
      }))

    it.scoped("refuses to count tokens with invalid settings", () =>
      Effect.gen(function*() {
        const server = yield* makeAnthropicServer()
        const count = Effect.flatMap(
          AnthropicProvider,
          (claude) => claude.countTokens({ model, messages: [], config: { cache: 7 } })
        )
        const error = yield* Effect.flip(Effect.provide(count, layer(server)))
        assert.strictEqual(error._tag, "ConfigurationError")
      }))
  })
})
