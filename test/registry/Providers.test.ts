import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Layer, Redacted, Schema } from "effect"
import { MockProvider } from "../../src/layers/provider/MockProvider.js"
import { defineProviderKind, Providers } from "../../src/layers/Providers.js"
import { ProviderRegistry } from "../../src/services/ProviderRegistry.js"

const secret = "sk-canary"

const registered = (...providers: ReadonlyArray<ReturnType<typeof Providers.create>>) =>
  Effect.flatMap(ProviderRegistry, ({ list }) => list).pipe(
    Effect.map((all) => all.map(({ name }) => name)),
    Effect.provide(Layer.mergeAll(Layer.empty, ...providers).pipe(Layer.provideMerge(ProviderRegistry.layer())))
  )

const named = (name: string, config: Readonly<Record<string, unknown>>) => Providers.create(name, config)

const echo = defineProviderKind({
  name: "echo",
  config: Schema.Struct({ loud: Schema.Boolean }),
  make: ({ loud }) => MockProvider.layer({ name: loud ? "ECHO" : "echo", pattern: "{input}" })
})

const messageOf = (name: string, config: Readonly<Record<string, unknown>>) =>
  Effect.map(Effect.flip(registered(named(name, config))), ({ message }) => message)

describe("Providers", () => {
  layer(Providers.layer())((it) => {
    it.effect("creates and registers each provider", () =>
      Effect.gen(function*() {
        const names = yield* registered(
          Providers.create("openai", { apiKey: secret }),
          Providers.create("anthropic", { apiKey: Redacted.make(secret), name: "claude" }),
          Providers.create("chatCompletions", {
            baseUrl: "http://127.0.0.1:1/v1",
            capabilities: { tools: false },
            idleTimeout: "5 seconds"
          }),
          Providers.create("mock", { pattern: "{input}", delay: "1 second", seed: 7 })
        )
        assert.deepStrictEqual(names.toSorted(), ["chat", "claude", "mock", "openai"])
      }))

    it.effect("lists the known kinds when the kind is unknown", () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(registered(named("bedrock", {})))
        assert.strictEqual(
          error.message,
          "unknown provider kind \"bedrock\"; use one of: openai, anthropic, chatCompletions, mock"
        )
      }))

    it.effect("names an invalid field, and never its value", () =>
      Effect.gen(function*() {
        assert.strictEqual(yield* messageOf("openai", {}), "provider \"openai\": \"apiKey\" is missing")
        assert.strictEqual(
          yield* messageOf("anthropic", { apiKey: 4711 }),
          "provider \"anthropic\": \"apiKey\" must be a string, or a Redacted string"
        )
        assert.notInclude(yield* messageOf("openai", { apiKey: `${secret}\n` }), secret)
        assert.notInclude(yield* messageOf("openai", { apiKey: secret, key: secret }), secret)
        assert.match(yield* messageOf("openai", { apiKey: secret, key: secret }), /"key" is not a known field/)
        assert.strictEqual(
          yield* messageOf("mock", { errorRate: 2 }),
          "provider \"mock\": \"errorRate\" must be a number between 0 and 1"
        )
      }))

    it.effect("lists its kinds with the schemas of their configurations", () =>
      Effect.gen(function*() {
        const kinds = yield* Effect.flatMap(Providers, ({ list }) => list)
        assert.deepStrictEqual(kinds.map(({ name }) => name), ["openai", "anthropic", "chatCompletions", "mock"])
        const properties = yield* Effect.forEach(kinds, ({ configSchema }) => propertiesOf(configSchema))
        assert.deepStrictEqual(properties.map((keys) => keys.includes("apiKey")), [true, true, true, false])
        assert.include(properties.at(3) ?? [], "errorRate")
      }))

    it.effect("accepts another kind until its scope closes", () =>
      Effect.gen(function*() {
        const providers = yield* Providers
        yield* Effect.scoped(Effect.gen(function*() {
          yield* providers.register(echo)
          assert.deepStrictEqual(yield* registered(named("echo", { loud: true })), ["ECHO"])
        }))
        assert.match(
          (yield* Effect.flip(registered(named("echo", { loud: true })))).message,
          /unknown provider kind "echo"/
        )
      }))
  })

  it.effect("checks the configurations of its own kinds at compile time", () =>
    Effect.sync(() => {
      Providers.create("mock")
      Providers.create("mine", { anything: true })
      // @ts-expect-error: it has no key
      Providers.create("openai")
      // @ts-expect-error: no such field
      Providers.create("anthropic", { apiKey: secret, api_key: secret })
    }))
})

const decodeProperties = Schema.decodeUnknown(
  Schema.Struct({ properties: Schema.Record({ key: Schema.String, value: Schema.Unknown }) })
)
const propertiesOf = (schema: unknown) =>
  Effect.map(decodeProperties(schema), ({ properties }) => Object.keys(properties))
