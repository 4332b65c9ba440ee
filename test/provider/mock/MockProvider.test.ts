import { assert, describe, it } from "@effect/vitest"
import { Chunk, Effect, Exit, FastCheck, Fiber, Layer, Stream } from "effect"
import { ProviderAuth, ProviderTransient } from "../../../src/domain/error/ProviderError.js"
import { MockProvider } from "../../../src/layers/provider/MockProvider.js"
import { ProviderEvent } from "../../../src/services/Provider.js"
import { ProviderRegistry } from "../../../src/services/ProviderRegistry.js"
import { asking, message, request, sessionId } from "../../domain/conversation.js"
import { ask, layer, open, reply, respond, script, textOf, watch } from "./mock.js"

describe("MockProvider", () => {
  it.effect("fills its pattern with the text of the last user message", () =>
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

  it.effect("inserts the input as it is, even if it looks like a pattern", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* ask("$& $1 $$ {input}"), "You said: $& $1 $$ {input}")
    }).pipe(Effect.provide(layer())))

  it.effect("emits a reply without delays as one chunk", () =>
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
    "loses no character when it splits a text into chunks",
    [FastCheck.fullUnicodeString(), FastCheck.integer({ min: 1, max: 5 })],
    ([text, chunkSize]) =>
      Effect.gen(function*() {
        yield* script({ text })
        assert.strictEqual(yield* ask("Hi", { chunkSize }), text)
      }).pipe(Effect.provide(layer()))
  )

  it.effect("splits a text into chunks of chunkSize words", () =>
    Effect.gen(function*() {
      yield* script({ text: " one  two\nthree four" })
      const events = yield* reply(asking("Hi"), { chunkSize: 2 })
      assert.deepStrictEqual(
        events.flatMap((event) => (event._tag === "TextDelta" ? [event.text] : [])),
        [" one  ", "two\nthree ", "four"]
      )
    }).pipe(Effect.provide(layer())))

  it.effect("counts one token per four characters of all messages, rounded up", () =>
    Effect.gen(function*() {
      yield* script({ text: "12345" })
      const events = yield* reply(request(message(1, "system", "1234"), message(2, "user", "12345")))
      const finished = events.at(-1)
      assert(finished?._tag === "Finished")
      assert.deepStrictEqual(finished.usage, { inputTokens: 3, outputTokens: 2 })
    }).pipe(Effect.provide(layer())))

  it.effect("keeps the latest 1,000 requests, failed ones included", () =>
    Effect.gen(function*() {
      const mock = yield* MockProvider
      yield* script({ end: "cut" }, { end: new ProviderAuth({ provider: "mock", reason: "no key" }) })
      yield* Effect.forEach(Array.from({ length: 1001 }, (_, index) => `${index}`), (text) => Effect.exit(ask(text)))
      const texts = (yield* mock.requests).map(({ messages }) => messages[0]?.text)
      assert.strictEqual(texts.length, 1000)
      assert.strictEqual(texts[0], "1")
      assert.strictEqual(texts.at(-1), "1000")
    }).pipe(Effect.provide(layer())))

  describe("with providerConfig", () => {
    it.effect("prefers the session's settings to its own current ones", () =>
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
    ])("refuses %s: %j when it opens, and names the key but not the value", ([key, value]) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(open({ [key]: value }))
        assert(error._tag === "ConfigurationError")
        assert.include(error.message, `providerConfig: "${key}" must be`)
        assert.notInclude(error.message, "canary")
        assert.strictEqual(error.sessionId, sessionId)
      }).pipe(Effect.scoped, Effect.provide(layer())))
  })

  it.effect("refuses invalid options when the layer is built, and an invalid rate when it is set", () =>
    Effect.gen(function*() {
      const built = yield* Effect.flip(Layer.build(layer({ chunkSize: -1 })))
      assert.include(built.message, "\"chunkSize\" must be")
      const set = yield* Effect.flip(
        Effect.provide(Effect.flatMap(MockProvider, (mock) => mock.setErrorRate(2)), layer())
      )
      assert.include(set.message, "\"errorRate\" must be")
    }).pipe(Effect.scoped))

  it.effect("can be registered under two names, each with its own script", () =>
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

  it.effect("describes providerConfig as a JSON Schema and checks it before a session exists", () =>
    Effect.gen(function*() {
      const registry = yield* ProviderRegistry
      const { checkConfig, configSchema } = yield* registry.get("mock")
      assert(checkConfig)
      const keys = Object.keys(configSchema?.["properties"] ?? {})
      assert.sameMembers(keys, ["pattern", "delay", "chunkDelay", "errorRate", "chunkSize"])
      yield* checkConfig({ delay: "1 second", temperature: 0 })
      assert.include((yield* Effect.flip(checkConfig({ delay: "soon" }))).message, "\"delay\" must be")
    }).pipe(Effect.provide(layer())))

  it.effect("is stateless and accepts images, files and tools by default", () =>
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

describe("MockProvider with delays", () => {
  it.effect("waits before the first chunk and between chunks, but not before the end", () =>
    Effect.gen(function*() {
      const call = yield* watch({ pattern: "{input}" })
      assert.strictEqual(yield* call.after("999 millis"), "")
      assert.strictEqual(yield* call.after("1 millis"), "one ")
      assert.strictEqual(yield* call.after("9 millis"), "one ")
      assert.strictEqual(yield* call.after("1 millis"), "one two ")
      assert.strictEqual(yield* call.after("10 millis"), "one two three")
      assert.strictEqual(call.seen.at(-1)?._tag, "Finished")
    }).pipe(Effect.provide(layer({ delay: "1 second", chunkDelay: 10 }))))

  it.effect("applies a new delay from the next call", () =>
    Effect.gen(function*() {
      const mock = yield* MockProvider
      yield* mock.setResponseDelay("2 seconds")
      const call = yield* watch()
      assert.strictEqual(yield* call.after("1999 millis"), "")
      assert.strictEqual(yield* call.after("1 millis"), "You said: one two three")
    }).pipe(Effect.provide(layer())))

  it.effect("can be interrupted while it waits", () =>
    Effect.gen(function*() {
      const call = yield* watch()
      yield* call.after("1 second")
      assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(call.fiber)))
    }).pipe(Effect.provide(layer({ delay: "1 day" }))))
})

const outcomes = (count: number) =>
  Effect.replicateEffect(Effect.isSuccess(ask("Hi")), count).pipe(Effect.map((all) => all.map(Number).join("")))

describe("MockProvider with an error rate", () => {
  it.effect("fails no call at 0 and every call at 1, with ProviderTransient", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* outcomes(20), "1".repeat(20))
      const mock = yield* MockProvider
      yield* mock.setErrorRate(1)
      assert.strictEqual(yield* outcomes(20), "0".repeat(20))
      const error = yield* Effect.flip(ask("Hi"))
      assert.instanceOf(error, ProviderTransient)
    }).pipe(Effect.provide(layer())))

  it.effect("fails the same calls with the same seed, and other calls with another seed", () =>
    Effect.gen(function*() {
      const [first, again, other] = yield* Effect.forEach(
        [7, 7, 8],
        (seed) => Effect.provide(outcomes(200), layer({ errorRate: 0.3, seed }))
      )
      assert(first)
      assert.strictEqual(again, first)
      assert.notStrictEqual(other, first)
      const failures = first.split("0").length - 1
      assert.isTrue(failures > 30 && failures < 90, `${failures} of 200 failed`)
    }))

  it.effect("fails the same calls with the default seed", () =>
    Effect.gen(function*() {
      const run = outcomes(50).pipe(Effect.provide(layer({ errorRate: 0.5 })))
      assert.strictEqual(yield* run, yield* run)
    }))

  it.effect("fails after the delay, and does not fail scripted calls", () =>
    Effect.gen(function*() {
      yield* script({ text: "scripted" })
      const call = yield* watch()
      assert.strictEqual(yield* call.after("1 second"), "scripted")
      const failing = yield* watch()
      yield* failing.after("999 millis")
      assert.isTrue(failing.isRunning())
      yield* failing.after("1 millis")
      assert.isFalse(failing.isRunning())
    }).pipe(Effect.provide(layer({ errorRate: 1, delay: "1 second" }))))
})
