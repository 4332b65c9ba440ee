import { assert, describe, it } from "@effect/vitest"
import { assertSome } from "@effect/vitest/utils"
import { Cause, Deferred, Effect, Exit, Fiber, Stream } from "effect"
import { ProviderAuth } from "../../../src/domain/error/ProviderError.js"
import { ProviderEvent } from "../../../src/services/Provider.js"
import { asking } from "../../domain/conversation.js"
import { ask, layer, reply, script, textOf, watch } from "./mock.js"

describe("MockProvider with a script", () => {
  it.effect("plays one reply per call in order, then returns to the pattern", () =>
    Effect.gen(function*() {
      yield* script({ text: "one" }, { text: "two" })
      yield* script({ text: "three" })
      assert.deepStrictEqual(yield* Effect.replicateEffect(ask("Hi"), 4), ["one", "two", "three", "You said: Hi"])
    }).pipe(Effect.provide(layer())))

  it.effect("plays the chunks of an array, then the tool calls, and finishes as toolCalls", () =>
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

  it.effect("ends with exactly the given Finished", () =>
    Effect.gen(function*() {
      const end = ProviderEvent.Finished({ reason: "length", messageId: "m-1", cursor: "c-1" })
      yield* script({ text: ["cut o"], end })
      assert.deepStrictEqual(yield* reply(asking("Hi")), [ProviderEvent.TextDelta({ text: "cut o" }), end])
    }).pipe(Effect.provide(layer())))

  it.effect("plays events of every kind unchanged, at the pace of the settings", () =>
    Effect.gen(function*() {
      const usage = { inputTokens: 1, outputTokens: 1, reasoningTokens: 1 }
      const opaque = { _tag: "Opaque", provider: "mock", kind: "thinking", data: "{}" } as const
      const part = { _tag: "ToolCall", id: "call-1", name: "weather", arguments: {} } as const
      const notice = { _tag: "HistoryTrimmed", provider: "mock", model: "mock-model", messages: 2 } as const
      const events = [
        ProviderEvent.Identified({ requestId: "req-1" }),
        ProviderEvent.Notice({ notice }),
        ProviderEvent.Opaque({ part: opaque }),
        ProviderEvent.Usage({ usage }),
        ProviderEvent.TextDelta({ text: "Let me" }),
        ProviderEvent.ToolCall({ part }),
        ProviderEvent.TextDelta({ text: " look" })
      ]
      const end = ProviderEvent.Finished({ reason: "paused", usage })
      yield* script({ events: [...events, end] }, { events }, { events, end }, { events, end: "cut" })
      assert.deepStrictEqual(yield* reply(asking("Hi")), [...events, end])
      assert.deepStrictEqual(yield* reply(asking("Hi")), [
        ...events,
        ProviderEvent.Finished({ reason: "toolCalls", usage: { inputTokens: 1, outputTokens: 3 } })
      ])
      assert.deepStrictEqual(yield* reply(asking("Hi")), [...events, end])
      assert.deepStrictEqual(yield* reply(asking("Hi")), events)

      yield* script({ events })
      const call = yield* watch({ chunkDelay: "1 second" })
      yield* call.after("2 seconds")
      assert.deepStrictEqual(call.seen, events.slice(0, 3))
      yield* call.after("4 seconds")
      assert.strictEqual(call.seen.at(-1)?._tag, "Finished")
    }).pipe(Effect.provide(layer())))

  it.effect("plays an empty reply", () =>
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

  it.effect("cuts a reply without a Finished", () =>
    Effect.gen(function*() {
      yield* script({ text: ["some", "thing"], end: "cut" })
      assert.deepStrictEqual((yield* reply(asking("Hi"))).map(({ _tag }) => _tag), ["TextDelta", "TextDelta"])
    }).pipe(Effect.provide(layer())))

  it.effect("repeats a reply, its end included", () =>
    Effect.gen(function*() {
      const end = ProviderEvent.Finished({ reason: "complete" })
      yield* script({ text: ["a"], end, repeat: true }, { text: ["b"], end: "cut", repeat: true })
      const again = [ProviderEvent.TextDelta({ text: "a" }), end]
      assert.deepStrictEqual(yield* reply(asking("Hi")), [...again, ...again])
      assert.strictEqual(textOf(yield* reply(asking("Hi"))), "bb")
    }).pipe(Effect.provide(layer())))

  it.effect("stalls after some chunks until it is interrupted", () =>
    Effect.gen(function*() {
      yield* script({ text: ["some"], end: "stall" })
      const call = yield* watch()
      assert.strictEqual(yield* call.after("365 days"), "some")
      assert.isTrue(call.isRunning())
      yield* Fiber.interrupt(call.fiber)
    }).pipe(Effect.provide(layer())))

  it.effect("plays an array at the pace of the settings", () =>
    Effect.gen(function*() {
      yield* script({ text: ["a", "b"], end: "cut" })
      const call = yield* watch()
      assert.strictEqual(yield* call.after(0), "a")
      assert.strictEqual(yield* call.after("1 second"), "ab")
      yield* Fiber.join(call.fiber)
    }).pipe(Effect.provide(layer({ chunkDelay: "1 second" }))))

  it.effect("lets a function handle a call: to wait for a signal, or to die", () =>
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
