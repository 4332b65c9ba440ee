import { assert, describe, it } from "@effect/vitest"
import { Chunk, Config, ConfigProvider, DateTime, Effect, Inspectable, Layer, Redacted, Stream } from "effect"
import { vi } from "vitest"
import { OpenAiProvider } from "../../../src/layers/provider/OpenAiProvider.js"
import { ProviderRegistry } from "../../../src/services/ProviderRegistry.js"
import { message as said } from "../../domain/conversation.js"
import { jsonAnswer } from "../../vendor/answers.js"
import { message, type WireItem } from "../../vendor/openai/responseEvents.js"
import { makeOpenAiServer } from "../../vendor/OpenAiServer.js"
import { ask, asked, bodies, key, layer, provider } from "./openai.js"

const itemsOf = (id: string) =>
  Effect.flatMap(OpenAiProvider, (openai) => Effect.map(Stream.runCollect(openai.items(id)), Chunk.toReadonlyArray))

const many: ReadonlyArray<WireItem> = Array.from(
  { length: 250 },
  (_, index) => message(`${index}`, { id: `msg_${index}` })
)

const gone = { error: { message: "Gone", type: "invalid_request_error", param: null, code: null } }

describe("OpenAiProvider as a service", () => {
  it.scoped("creates a conversation, with metadata or without", () =>
    Effect.gen(function*() {
      const server = yield* makeOpenAiServer()
      yield* Effect.gen(function*() {
        const openai = yield* OpenAiProvider
        const one = yield* openai.create()
        const two = yield* openai.create({ tenant: "a" })
        assert.deepStrictEqual(bodies(server), [{}, { metadata: { tenant: "a" } }])
        assert.deepStrictEqual([...server.conversations.keys()], [one, two])
      }).pipe(Effect.provide(layer(server)))
    }))

  it.scoped("lists items oldest first, messages with text and others with their type", () =>
    Effect.gen(function*() {
      const server = yield* makeOpenAiServer()
      server.conversations.set("conv_1", {
        metadata: {},
        items: [
          {
            id: "msg_1",
            type: "message",
            role: "user",
            content: [
              { type: "input_text", text: "See: " },
              { type: "input_image", image_url: "https://example.com/a.png" },
              { type: "input_text", text: "this" }
            ]
          },
          { id: "fc_1", type: "function_call", call_id: "call_1", name: "look", arguments: "{}" },
          { id: "rs_1", type: "reasoning", summary: [], content: null },
          message("", { id: "msg_2", content: [{ type: "refusal", refusal: "No." }] })
        ]
      })
      const items = yield* itemsOf("conv_1").pipe(Effect.provide(layer(server)))
      assert.deepStrictEqual(items, [
        { _tag: "Message", id: "msg_1", role: "user", text: "See: this" },
        { _tag: "Other", id: "fc_1", type: "function_call" },
        { _tag: "Other", id: "rs_1", type: "reasoning" },
        { _tag: "Message", id: "msg_2", role: "assistant", text: "No." }
      ])
    }))

  it.scoped("reads all pages, and only those that are needed", () =>
    Effect.gen(function*() {
      const server = yield* makeOpenAiServer()
      server.conversations.set("conv_1", { metadata: {}, items: many })
      yield* Effect.gen(function*() {
        const items = yield* itemsOf("conv_1")
        assert.deepStrictEqual(items.map(({ id }) => id), many.map((item) => item["id"]))
        assert.deepStrictEqual(asked(server), [
          "GET /v1/conversations/conv_1/items?order=asc&limit=100",
          "GET /v1/conversations/conv_1/items?order=asc&limit=100&after=msg_99",
          "GET /v1/conversations/conv_1/items?order=asc&limit=100&after=msg_199"
        ])
        const openai = yield* OpenAiProvider
        yield* Stream.runDrain(Stream.take(openai.items("conv_1"), 10))
        assert.strictEqual(server.received.length, 4)
      }).pipe(Effect.provide(layer(server)))
    }))

  it.scoped("fails on a missing conversation and on an invalid answer", () =>
    Effect.gen(function*() {
      const server = yield* makeOpenAiServer()
      yield* Effect.gen(function*() {
        assert.strictEqual((yield* Effect.flip(itemsOf("conv_none")))._tag, "ProviderRejected")
        server.next((_, response) => jsonAnswer(response, 200, { data: "canary" }))
        const error = yield* Effect.flip(itemsOf("conv_none"))
        assert.strictEqual(error._tag, "ProviderProtocol")
        assert.notInclude(error.message, "canary")
      }).pipe(Effect.provide(layer(server)))
    }))

  it.scoped("merges metadata, which the vendor would replace", () =>
    Effect.gen(function*() {
      const server = yield* makeOpenAiServer()
      server.conversations.set("conv_1", { metadata: { a: "1", b: "2" }, items: [] })
      yield* Effect.gen(function*() {
        const openai = yield* OpenAiProvider
        const now = yield* openai.updateMetadata("conv_1", { b: "3", c: "4" })
        assert.deepStrictEqual(now, { a: "1", b: "3", c: "4" })
        assert.deepStrictEqual(server.conversations.get("conv_1")?.metadata, now)
      }).pipe(Effect.provide(layer(server)))
      assert.deepStrictEqual(asked(server), ["GET /v1/conversations/conv_1", "POST /v1/conversations/conv_1"])
    }))

  it.scoped.each<[string, Readonly<Record<string, string>>]>([
    ["17 pairs", Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`key${index}`, ""]))],
    ["a key of 65 characters", { ["k".repeat(65)]: "" }],
    ["a key that would reach a prototype", { constructor: "" }],
    ["a value of 513 characters", { key: "canary".repeat(86) }]
  ])("refuses %s in metadata, without a request", ([, metadata]) =>
    Effect.gen(function*() {
      const server = yield* makeOpenAiServer()
      yield* Effect.gen(function*() {
        const openai = yield* OpenAiProvider
        for (
          const act of [
            Effect.asVoid(openai.create(metadata)),
            Effect.asVoid(openai.updateMetadata("conv_1", metadata))
          ]
        ) {
          const error = yield* Effect.flip(act)
          assert(error._tag === "InvalidRequest")
          assert.strictEqual(error.path[0], "metadata")
          assert.notInclude(error.message, "canary")
        }
      }).pipe(Effect.provide(layer(server)))
      assert.deepStrictEqual(asked(server), [])
    }))

  it.scoped("refuses metadata that is too large once merged", () =>
    Effect.gen(function*() {
      const server = yield* makeOpenAiServer()
      const metadata = Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`key${index}`, ""]))
      server.conversations.set("conv_1", { metadata, items: [] })
      yield* Effect.gen(function*() {
        const openai = yield* OpenAiProvider
        assert.strictEqual((yield* Effect.flip(openai.updateMetadata("conv_1", { more: "" })))._tag, "InvalidRequest")
      }).pipe(Effect.provide(layer(server)))
      assert.deepStrictEqual(server.conversations.get("conv_1")?.metadata, metadata)
    }))

  it.scoped("removes a conversation's items before the conversation", () =>
    Effect.gen(function*() {
      const server = yield* makeOpenAiServer()
      server.conversations.set("conv_1", { metadata: {}, items: many.slice(0, 130) })
      const openai = yield* OpenAiProvider.pipe(Effect.provide(layer(server)))
      yield* openai.remove("conv_1")
      assert.strictEqual(server.conversations.size, 0)
      const paths = asked(server)
      assert.strictEqual(paths.filter((path) => path.startsWith("DELETE /v1/conversations/conv_1/items/")).length, 130)
      assert.strictEqual(paths.at(-1), "DELETE /v1/conversations/conv_1")
    }))

  it.scoped("succeeds when the conversation no longer exists, and on no other error", () =>
    Effect.gen(function*() {
      const server = yield* makeOpenAiServer()
      server.conversations.set("conv_1", { metadata: {}, items: many.slice(0, 1) })
      const openai = yield* OpenAiProvider.pipe(Effect.provide(layer(server)))
      yield* openai.remove("conv_none")
      server.next(server.answer, (_, response) => jsonAnswer(response, 500, gone))
      assert.strictEqual((yield* Effect.flip(openai.remove("conv_1")))._tag, "ProviderTransient")
      server.next(server.answer, (_, response) => jsonAnswer(response, 404, gone))
      yield* openai.remove("conv_1")
      assert.strictEqual(server.conversations.size, 0)
    }))

  it.scoped("forgets a conversation or a response, by the cursor of a reply", () =>
    Effect.gen(function*() {
      const server = yield* makeOpenAiServer()
      server.conversations.set("conv_1", { metadata: {}, items: many.slice(0, 2) })
      server.responses.set("resp_1", [])
      const { forget } = yield* provider.pipe(Effect.provide(layer(server)))
      assert(forget !== undefined)
      for (const cursor of ["conv_1", "resp_1", "conv_1", "resp_1"]) yield* forget(cursor)
      assert.strictEqual(server.conversations.size, 0)
      assert.strictEqual(server.responses.size, 0)
      server.next((_, response) => jsonAnswer(response, 401, gone))
      assert.strictEqual((yield* Effect.flip(forget("resp_1")))._tag, "ProviderAuth")
    }))

  it.scoped("describes a model", () =>
    Effect.gen(function*() {
      const server = yield* makeOpenAiServer()
      const openai = yield* OpenAiProvider.pipe(Effect.provide(layer(server)))
      assert.deepStrictEqual(yield* openai.modelInfo("gpt-5.2"), {
        id: "gpt-5.2",
        ownedBy: "openai",
        createdAt: DateTime.unsafeMake(1_700_000_000_000)
      })
      assert.strictEqual((yield* Effect.flip(openai.modelInfo("none")))._tag, "ProviderRejected")
    }))

  it.scoped("counts the tokens of everything that the model reads", () =>
    Effect.gen(function*() {
      const server = yield* makeOpenAiServer()
      const openai = yield* OpenAiProvider.pipe(
        Effect.provide(layer(server, { defaultConfig: { system: "Be brief.", verbosity: "low" } }))
      )
      const count = yield* openai.countTokens({
        model: "gpt-5.2",
        messages: [said(1, "user", "12345678")],
        config: { temperature: 1, verbosity: "high" }
      })
      assert.strictEqual(count, 2)
      assert.deepStrictEqual(asked(server), ["POST /v1/responses/input_tokens"])
      assert.deepStrictEqual(bodies(server), [{
        model: "gpt-5.2",
        input: [{ role: "user", content: [{ type: "input_text", text: "12345678" }] }],
        instructions: "Be brief.",
        text: { verbosity: "high" }
      }])
      const error = yield* Effect.flip(
        openai.countTokens({ model: "gpt-5.2", messages: [], config: { verbosity: "loud" } })
      )
      assert.include(error.message, "config: \"verbosity\" must be")
    }))

  it.scoped("registers with its vendor, name and defaults", () =>
    Effect.gen(function*() {
      const server = yield* makeOpenAiServer()
      const { capabilities, configSchema, defaultConfig, vendor } = yield* provider.pipe(
        Effect.provide(layer(server, { defaultConfig: { verbosity: "low" } }))
      )
      assert.strictEqual(vendor, "openai")
      assert.strictEqual(capabilities.conversation, "cursor")
      assert.deepStrictEqual(defaultConfig, { verbosity: "low" })
      assert.property(configSchema?.["properties"], "reasoningEffort")
      const named = yield* Effect.flip(provider.pipe(Effect.provide(layer(server, { name: "mine" }))))
      assert.include(named.message, "use one of: mine")
    }))

  it.effect("reads its options from Config with layerConfig", () =>
    Effect.gen(function*() {
      const registered = OpenAiProvider.layerConfig({
        apiKey: Config.redacted("OPENAI_API_KEY"),
        name: Config.string("NAME").pipe(Config.withDefault("from-config"))
      })
      const build = (values: Readonly<Record<string, string>>) =>
        Effect.flatMap(ProviderRegistry, (registry) => registry.list).pipe(
          Effect.provide(Layer.provideMerge(registered, ProviderRegistry.layer())),
          Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(values))))
        )
      assert.deepStrictEqual(
        (yield* build({ OPENAI_API_KEY: "sk-test" })).map(({ name }) => name),
        ["from-config"]
      )
      assert.include(`${yield* Effect.flip(build({}))}`, "OPENAI_API_KEY")
    }))

  it.effect.each<[string, Parameters<typeof layer>[1]]>([
    ["\"apiKey\"", { apiKey: Redacted.make("") }],
    ["\"apiKey\"", { apiKey: Redacted.make("sk-canary\n") }],
    ["\"baseUrl\"", { baseUrl: "canary.example.com" }],
    ["defaultConfig: \"topP\"", { defaultConfig: { topP: 7 } }]
  ])("refuses an invalid %s when it is built, without repeating it", ([name, options]) =>
    Effect.gen(function*() {
      const server = yield* makeOpenAiServer()
      const error = yield* Effect.flip(Layer.build(layer(server, options)))
      assert.strictEqual(error._tag, "ConfigurationError")
      assert.include(error.message, `OpenAiProvider: ${name} must be`)
      assert.notInclude(error.message, "canary")
    }).pipe(Effect.scoped))

  it.scoped("reads nothing from the environment", () =>
    Effect.gen(function*() {
      const server = yield* makeOpenAiServer()
      const names = ["OPENAI_BASE_URL", "OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"]
      yield* Effect.acquireRelease(
        Effect.sync(() => names.forEach((name) => vi.stubEnv(name, "http://127.0.0.1:9/elsewhere"))),
        () => Effect.sync(() => vi.unstubAllEnvs())
      )
      yield* ask("Hi").pipe(Effect.provide(layer(server, { conversation: "stateless" })))
      const [received] = server.received
      assert.strictEqual(received?.headers.authorization, `Bearer ${key}`)
      assert.notInclude(Inspectable.toStringUnknown(received?.headers), "elsewhere")
    }))
})
