import { assert, describe, it } from "@effect/vitest"
import { assertSome } from "@effect/vitest/utils"
import { Cause, Chunk, Deferred, type Duration, Effect, Exit, FastCheck, Fiber, Layer, Stream, TestClock } from "effect"
import { ProviderAuth } from "../../src/domain/error/ProviderAuth.js"
import { ProviderTransient } from "../../src/domain/error/ProviderTransient.js"
import type { JsonRecord } from "../../src/domain/JsonRecord.js"
import type { MockReply } from "../../src/layers/provider/mock/MockReply.js"
import { MockProvider, type MockProviderOptions } from "../../src/layers/provider/MockProvider.js"
import { ProviderEvent } from "../../src/services/ProviderEvent.js"
import { ProviderRegistry } from "../../src/services/ProviderRegistry.js"
import type { ProviderRequest } from "../../src/services/ProviderRequest.js"
import { asking, message, request, sessionId } from "../domain/conversation.js"

const layer = (options?: MockProviderOptions) =>
  MockProvider.layer(options).pipe(Layer.provideMerge(ProviderRegistry.layer()))

const open = Effect.fnUntraced(function*(config: JsonRecord = {}, name = "mock") {
  const registry = yield* ProviderRegistry
  const provider = yield* registry.get(name)
  return yield* provider.open({ sessionId, model: "mock-model", config })
})

const respond = (request: ProviderRequest, config?: JsonRecord) =>
  Stream.unwrapScoped(Effect.map(open(config), (session) => session.respond(request)))

const reply = (request: ProviderRequest, config?: JsonRecord) =>
  Effect.map(Stream.runCollect(respond(request, config)), Chunk.toReadonlyArray)

const textOf = (events: ReadonlyArray<ProviderEvent>) =>
  events.map((event) => (event._tag === "TextDelta" ? event.text : "")).join("")

const ask = (text: string, config?: JsonRecord) => Effect.map(reply(asking(text), config), textOf)

const script = (...replies: ReadonlyArray<MockReply>) => Effect.flatMap(MockProvider, (mock) => mock.script(replies))

/** What has come out of a reply up to now, while it goes on. */
const watch = Effect.fnUntraced(function*(config?: JsonRecord) {
  const seen: Array<ProviderEvent> = []
  const fiber = yield* Effect.fork(
    Stream.runForEach(respond(asking("one two three"), config), (event) => Effect.sync(() => seen.push(event)))
  )
  return {
    after: (wait: Duration.DurationInput) => Effect.map(TestClock.adjust(wait), () => textOf(seen)),
    isRunning: () => fiber.unsafePoll() === null,
    fiber,
    seen
  }
})

const outcomes = (count: number) =>
  Effect.replicateEffect(Effect.isSuccess(ask("Hi")), count).pipe(Effect.map((all) => all.map(Number).join("")))

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

  describe("on the clock", () => {
    it.effect("waits before the first chunk, and then between chunks, but not before the end", () =>
      Effect.gen(function*() {
        const call = yield* watch({ pattern: "{input}" })
        assert.strictEqual(yield* call.after("999 millis"), "")
        assert.strictEqual(yield* call.after("1 millis"), "one ")
        assert.strictEqual(yield* call.after("9 millis"), "one ")
        assert.strictEqual(yield* call.after("1 millis"), "one two ")
        assert.strictEqual(yield* call.after("10 millis"), "one two three")
        assert.strictEqual(call.seen.at(-1)?._tag, "Finished")
      }).pipe(Effect.provide(layer({ delay: "1 second", chunkDelay: 10 }))))

    it.effect("takes a new delay from the next call on", () =>
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

  describe("with an error rate", () => {
    it.effect("fails none at 0 and all at 1, as for the moment", () =>
      Effect.gen(function*() {
        assert.strictEqual(yield* outcomes(20), "1".repeat(20))
        const mock = yield* MockProvider
        yield* mock.setErrorRate(1)
        assert.strictEqual(yield* outcomes(20), "0".repeat(20))
        const error = yield* Effect.flip(ask("Hi"))
        assert.instanceOf(error, ProviderTransient)
      }).pipe(Effect.provide(layer())))

    it.effect("fails the same calls with the same seed, and others with another", () =>
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

    it.effect("fails the same calls without a seed too", () =>
      Effect.gen(function*() {
        const run = outcomes(50).pipe(Effect.provide(layer({ errorRate: 0.5 })))
        assert.strictEqual(yield* run, yield* run)
      }))

    it.effect("fails after the delay, and no scripted call", () =>
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

  describe("with a script", () => {
    it.effect("plays one reply a call, in order, and then goes back to the pattern", () =>
      Effect.gen(function*() {
        yield* script({ text: "one" }, { text: "two" })
        yield* script({ text: "three" })
        assert.deepStrictEqual(yield* Effect.replicateEffect(ask("Hi"), 4), ["one", "two", "three", "You said: Hi"])
      }).pipe(Effect.provide(layer())))

    it.effect("plays chunks as they are, tool calls after them, and says so at the end", () =>
      Effect.gen(function*() {
        const part = { _tag: "ToolCall", id: "call-1", name: "weather", arguments: { city: "Turin" } } as const
        yield* script({ text: ["Let me ", "", "look"], toolCalls: [part] })
        assert.deepStrictEqual(yield* reply(asking("Hi")), [
          ProviderEvent.TextDelta({ text: "Let me " }),
          ProviderEvent.TextDelta({ text: "" }),
          ProviderEvent.TextDelta({ text: "look" }),
          ProviderEvent.ToolCall({ part }),
          ProviderEvent.Finished({ reason: "toolCalls", usage: { inputTokens: 1, outputTokens: 3 } })
        ])
      }).pipe(Effect.provide(layer())))

    it.effect("ends with the reason, the usage and the rest it is given, and with nothing else", () =>
      Effect.gen(function*() {
        const end = ProviderEvent.Finished({ reason: "length", messageId: "m-1", cursor: "c-1" })
        yield* script({ text: ["cut o"], end })
        assert.deepStrictEqual(yield* reply(asking("Hi")), [ProviderEvent.TextDelta({ text: "cut o" }), end])
      }).pipe(Effect.provide(layer())))

    it.effect("sends an empty reply when told to", () =>
      Effect.gen(function*() {
        yield* script({})
        assert.deepStrictEqual((yield* reply(asking("Hi"))).map(({ _tag }) => _tag), ["Finished"])
      }).pipe(Effect.provide(layer())))

    it.effect("fails with any provider error, at once or after some chunks", () =>
      Effect.gen(function*() {
        const error = new ProviderAuth({ provider: "mock", reason: "no key" })
        yield* script({ end: error }, { text: ["some"], end: error })
        assert.strictEqual(yield* Effect.flip(ask("Hi")), error)
        const call = yield* watch()
        assert.strictEqual(yield* Effect.flip(Fiber.join(call.fiber)), error)
        assert.strictEqual(textOf(call.seen), "some")
      }).pipe(Effect.provide(layer())))

    it.effect("breaks off without an end", () =>
      Effect.gen(function*() {
        yield* script({ text: ["some", "thing"], end: "cut" })
        assert.deepStrictEqual((yield* reply(asking("Hi"))).map(({ _tag }) => _tag), ["TextDelta", "TextDelta"])
      }).pipe(Effect.provide(layer())))

    it.effect("stalls for ever after some chunks, until it is interrupted", () =>
      Effect.gen(function*() {
        yield* script({ text: ["some"], end: "stall" })
        const call = yield* watch()
        assert.strictEqual(yield* call.after("365 days"), "some")
        assert.isTrue(call.isRunning())
        yield* Fiber.interrupt(call.fiber)
      }).pipe(Effect.provide(layer())))

    it.effect("keeps the pace of the settings", () =>
      Effect.gen(function*() {
        yield* script({ text: ["a", "b"], end: "cut" })
        const call = yield* watch()
        assert.strictEqual(yield* call.after(0), "a")
        assert.strictEqual(yield* call.after("1 second"), "ab")
        yield* Fiber.join(call.fiber)
      }).pipe(Effect.provide(layer({ chunkDelay: "1 second" }))))

    it.effect("hands a call over to a function: to wait for a signal, or to die", () =>
      Effect.gen(function*() {
        const signal = yield* Deferred.make<void>()
        yield* script(
          (request) =>
            Stream.fromIterable([`${request.messages.length} `, "then"]).pipe(
              Stream.map((text) => ProviderEvent.TextDelta({ text })),
              Stream.tap(({ text }) => (text === "then" ? Deferred.await(signal) : Effect.void))
            ),
          () => Stream.die("broken")
        )
        const call = yield* watch()
        assert.strictEqual(yield* call.after(0), "1 ")
        yield* Deferred.succeed(signal, undefined)
        yield* Fiber.join(call.fiber)
        assert.strictEqual(textOf(call.seen), "1 then")
        const exit = yield* Effect.exit(ask("Hi"))
        assert(Exit.isFailure(exit))
        assertSome(Cause.dieOption(exit.cause), "broken")
      }).pipe(Effect.provide(layer())))
  })

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
      assert.include(error.message, "\"mock\" is registered already")
    }).pipe(Effect.scoped, Effect.provide(layer())))

  it.effect("is stateless and takes images, files and tools", () =>
    Effect.gen(function*() {
      const registry = yield* ProviderRegistry
      const { capabilities } = yield* registry.get("mock")
      assert.deepStrictEqual(capabilities, { conversation: "stateless", images: true, files: true, tools: true })
    }).pipe(Effect.provide(layer())))
})
