import { assert, describe, it } from "@effect/vitest"
import { Chunk, Effect, FastCheck, Layer, Stream } from "effect"
import { ProviderAuth } from "../../src/domain/error/ProviderError.js"
import { MockProvider } from "../../src/layers/provider/MockProvider.js"
import { ProviderEvent } from "../../src/services/Provider.js"
import { ProviderRegistry } from "../../src/services/ProviderRegistry.js"
import { asking, message, request, sessionId } from "../domain/conversation.js"
import { ask, layer, open, reply, respond, script, textOf } from "./mock.js"

describe("MockProvider", () => {
  it.effect("answers with its pattern, filled with the last thing a user said", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* ask("Hello there"), "You said: Hello there")
      const mock = yield* MockProvider
      yield* mock.setResponsePattern("{input}? {input}!")
      const history = request(
        message(1, "user", "first"),
        message(2, "assistant", "reply"),
        message(3, "user", "second"),
        message(4, "system", "be brief")
      )
      assert.strictEqual(textOf(yield* reply(history)), "second? second!")
      assert.strictEqual(textOf(yield* reply(request())), "? !")
    }).pipe(Effect.provide(layer())))

  it.effect("takes the input as it is, even where it looks like a pattern", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* ask("$& $1 $$ {input}"), "You said: $& $1 $$ {input}")
    }).pipe(Effect.provide(layer())))

  it.effect("without delays sends all of a reply as one array, at once", () =>
    Effect.gen(function*() {
      const chunks = yield* Stream.runCollect(Stream.chunks(respond(asking("Hello"))))
      assert.strictEqual(chunks.length, 1)
      assert.deepStrictEqual(Chunk.toReadonlyArray(Chunk.unsafeHead(chunks)), [
        ProviderEvent.TextDelta({ text: "You " }),
        ProviderEvent.TextDelta({ text: "said: " }),
        ProviderEvent.TextDelta({ text: "Hello" }),
        ProviderEvent.Finished({ reason: "complete", usage: { inputTokens: 2, outputTokens: 4 } })
      ])
    }).pipe(Effect.provide(layer())))

  it.effect.prop(
    "loses no character of a text by cutting it into chunks",
    [FastCheck.fullUnicodeString(), FastCheck.integer({ min: 1, max: 5 })],
    ([text, chunkSize]) =>
      Effect.gen(function*() {
        yield* script({ text })
        assert.strictEqual(yield* ask("Hi", { chunkSize }), text)
      }).pipe(Effect.provide(layer()))
  )

  it.effect("cuts a text into chunks of as many words as it is told", () =>
    Effect.gen(function*() {
      yield* script({ text: " one  two\nthree four" })
      const events = yield* reply(asking("Hi"), { chunkSize: 2 })
      assert.deepStrictEqual(
        events.flatMap((event) => (event._tag === "TextDelta" ? [event.text] : [])),
        [" one  ", "two\nthree ", "four"]
      )
    }).pipe(Effect.provide(layer())))

  it.effect("counts a token for each four characters begun, of all messages it is sent", () =>
    Effect.gen(function*() {
      yield* script({ text: "12345" })
      const events = yield* reply(request(message(1, "system", "1234"), message(2, "user", "12345")))
      const finished = events.at(-1)
      assert(finished?._tag === "Finished")
      assert.deepStrictEqual(finished.usage, { inputTokens: 3, outputTokens: 2 })
    }).pipe(Effect.provide(layer())))

  it.effect("remembers the latest 1,000 requests, failed ones too", () =>
    Effect.gen(function*() {
      const mock = yield* MockProvider
      yield* script({ end: "cut" }, { end: new ProviderAuth({ provider: "mock", reason: "no key" }) })
      yield* Effect.forEach(Array.from({ length: 1001 }, (_, index) => `${index}`), (text) => Effect.exit(ask(text)))
      const texts = (yield* mock.requests).map(({ messages }) => messages[0]?.text)
      assert.strictEqual(texts.length, 1000)
      assert.strictEqual(texts[0], "1")
      assert.strictEqual(texts.at(-1), "1000")
    }).pipe(Effect.provide(layer())))

  describe("for a session", () => {
    it.effect("puts the session's settings before its own, which may change meanwhile", () =>
      Effect.gen(function*() {
        const mock = yield* MockProvider
        const one = yield* open({ pattern: "one: {input}", temperature: 0.5 })
        const two = yield* open()
        yield* mock.setResponsePattern("all: {input}")
        const said = (session: typeof one) =>
          Effect.map(Stream.runCollect(session.respond(asking("Hi"))), (all) => textOf(Chunk.toReadonlyArray(all)))
        assert.strictEqual(yield* said(one), "one: Hi")
        assert.strictEqual(yield* said(two), "all: Hi")
        assert.isTrue(yield* Effect.isFailure(ask("Hi", { errorRate: 1 })))
      }).pipe(Effect.scoped, Effect.provide(layer())))

    it.effect.each<[string, string | number | boolean | null | ReadonlyArray<string>]>([
      ["pattern", 7],
      ["delay", "soon"],
      ["chunkDelay", null],
      ["errorRate", 1.5],
      ["errorRate", -0.1],
      ["errorRate", "0.5"],
      ["chunkSize", 0],
      ["chunkSize", 1.5],
      ["pattern", ["sk-canary"]]
    ])("refuses %s: %j when it opens, naming the key and not the value", ([key, value]) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(open({ [key]: value }))
        assert(error._tag === "ConfigurationError")
        assert.include(error.message, `providerConfig: "${key}" must be`)
        assert.notInclude(error.message, "canary")
        assert.strictEqual(error.sessionId, sessionId)
      }).pipe(Effect.scoped, Effect.provide(layer())))
  })

  it.effect("refuses wrong options when the layer is built, and a wrong rate when it is set", () =>
    Effect.gen(function*() {
      const built = yield* Effect.flip(Layer.build(layer({ chunkSize: -1 })))
      assert.include(built.message, "\"chunkSize\" must be")
      const set = yield* Effect.flip(
        Effect.provide(Effect.flatMap(MockProvider, (mock) => mock.setErrorRate(2)), layer())
      )
      assert.include(set.message, "\"errorRate\" must be")
    }).pipe(Effect.scoped))

  it.effect("can be there twice under two names, each with a script of its own", () =>
    Effect.gen(function*() {
      const other = yield* MockProvider.make({ name: "other", pattern: "other" })
      yield* other.script([{ text: "scripted" }])
      assert.strictEqual(yield* ask("Hi"), "You said: Hi")
      const session = yield* open({}, "other")
      const texts = yield* Effect.replicateEffect(
        Effect.map(Stream.runCollect(session.respond(asking("Hi"))), (all) => textOf(Chunk.toReadonlyArray(all))),
        2
      )
      assert.deepStrictEqual(texts, ["scripted", "other"])
      const error = yield* Effect.flip(MockProvider.make())
      assert.include(error.message, "\"mock\" is already registered")
    }).pipe(Effect.scoped, Effect.provide(layer())))

  it.effect("says what a session may set, as a JSON Schema, and checks it before there is a session", () =>
    Effect.gen(function*() {
      const registry = yield* ProviderRegistry
      const { checkConfig, configSchema } = yield* registry.get("mock")
      assert(checkConfig)
      const keys = Object.keys(configSchema?.["properties"] ?? {})
      assert.sameMembers(keys, ["pattern", "delay", "chunkDelay", "errorRate", "chunkSize"])
      yield* checkConfig({ delay: "1 second", temperature: 0 })
      assert.include((yield* Effect.flip(checkConfig({ delay: "soon" }))).message, "\"delay\" must be")
    }).pipe(Effect.provide(layer())))

  it.effect("is stateless and takes images, files and tools", () =>
    Effect.gen(function*() {
      const registry = yield* ProviderRegistry
      const { capabilities } = yield* registry.get("mock")
      assert.deepStrictEqual(capabilities, {
        conversation: "stateless",
        images: ["image/*"],
        files: ["*/*"],
        tools: true
      })
    }).pipe(Effect.provide(layer())))
})
