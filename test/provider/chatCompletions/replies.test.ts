import { assert, describe, it } from "@effect/vitest"
import { assertSome } from "@effect/vitest/utils"
import { Deferred, Effect, Fiber, Stream } from "effect"
import { ProviderEvent } from "../../../src/services/Provider.js"
import { asking, sessionId } from "../../domain/conversation.js"
import type { StreamOptions, WireEvent } from "../../vendor/answers.js"
import {
  chunk,
  done,
  finish,
  makeChatCompletionsServer,
  requestId,
  streaming,
  textReply,
  usage,
  watched
} from "../../vendor/ChatCompletionsServer.js"
import { reply, respond } from "./chatCompletions.js"

/** The events of a reply of these chunks, without the request id. */
const eventsOf = (events: ReadonlyArray<WireEvent> | string, options?: StreamOptions) =>
  Effect.scoped(Effect.gen(function*() {
    const server = yield* makeChatCompletionsServer()
    server.next(streaming(events, options))
    const [identified, ...rest] = yield* reply(server.url)
    assert.deepStrictEqual(identified, ProviderEvent.Identified({ requestId }))
    return rest
  }))

const text = (text: string) => ProviderEvent.TextDelta({ text })
const finished = (reason: "complete" | "length" | "toolCalls" | "refusal") =>
  ProviderEvent.Finished({ reason, messageId: "chatcmpl-1", metadata: { model: "real-model" } })
const toolCall = (id: string, name: string, input = {}) =>
  ProviderEvent.ToolCall({ part: { _tag: "ToolCall", id, name, arguments: input } })
/** A chunk of a gateway that sends usage with each piece. */
const counting = (content: string, completion_tokens: number, finish_reason?: string): WireEvent => ({
  data: { choices: [{ delta: { content }, finish_reason }], usage: { prompt_tokens: 1, completion_tokens } }
})
const usageOf = (outputTokens: number) => ({ inputTokens: 1, outputTokens })
const calling = (index: number, fields: object): WireEvent => chunk({ tool_calls: [{ index, ...fields }] })

describe("ChatCompletionsProvider replies", () => {
  it.effect("emits text, usage and the end of a reply", () =>
    Effect.gen(function*() {
      const counted = {
        prompt_tokens: 10,
        completion_tokens: 5,
        total_tokens: 15,
        prompt_tokens_details: { cached_tokens: 4, audio_tokens: 0 },
        completion_tokens_details: { reasoning_tokens: 3 }
      }
      const known = { inputTokens: 10, outputTokens: 5, cacheReadTokens: 4, reasoningTokens: 3 }
      assert.deepStrictEqual(yield* eventsOf([...textReply("Hello there"), usage(counted)]), [
        text("Hello "),
        text("there"),
        ProviderEvent.Usage({ usage: known }),
        ProviderEvent.Finished({
          reason: "complete",
          usage: known,
          messageId: "chatcmpl-1",
          metadata: { model: "real-model" }
        })
      ])
    }))

  it.effect.each(
    [
      ["stop", "complete"],
      ["length", "length"],
      ["content_filter", "refusal"],
      ["tool_calls", "complete"],
      ["function_call", "complete"]
    ] as const
  )("ends a text with %s as %s", ([reason, expected]) =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* eventsOf([chunk({ content: "Hi" }), finish(reason)]), [
        text("Hi"),
        finished(expected)
      ])
    }))

  it.effect("joins interleaved pieces of tool calls, and emits the calls at the end", () =>
    Effect.gen(function*() {
      const events = yield* eventsOf([
        chunk({ role: "assistant", content: null }),
        chunk({ content: "Let me look." }),
        calling(1, { id: "b", type: "function", function: { name: "time", arguments: "" } }),
        calling(0, { id: "a", type: "function", function: { name: "weather" } }),
        calling(0, { function: { arguments: "{\"city\":" } }),
        calling(0, { id: null, function: { name: null, arguments: "\"Turin\"}" } }),
        finish("tool_calls")
      ])
      assert.deepStrictEqual(events, [
        text("Let me look."),
        toolCall("a", "weather", { city: "Turin" }),
        toolCall("b", "time"),
        finished("toolCalls")
      ])
    }))

  it.effect("finishes as toolCalls when a gateway sends stop after tool calls", () =>
    Effect.gen(function*() {
      const events = yield* eventsOf([
        calling(0, { id: "a", function: { name: "time", arguments: "{}" } }),
        finish("stop")
      ])
      assert.deepStrictEqual(events, [toolCall("a", "time"), finished("toolCalls")])
    }))

  it.effect("drops a tool call that was cut by the length limit", () =>
    Effect.gen(function*() {
      const events = yield* eventsOf([
        calling(0, { id: "a", function: { name: "time", arguments: "{}" } }),
        calling(1, { id: "b", function: { name: "weather", arguments: "{\"ci" } }),
        finish("length")
      ])
      assert.deepStrictEqual(events, [toolCall("a", "time"), finished("length")])
    }))

  it.effect.each<[string, object]>([
    ["arguments that are not JSON", { id: "a", function: { name: "time", arguments: "{\"city\":" } }],
    ["arguments that are not an object", { id: "a", function: { name: "time", arguments: "[]" } }],
    ["an unsafe key", { id: "a", function: { name: "time", arguments: "{\"__proto__\":{}}" } }],
    ["no id", { function: { name: "time", arguments: "{}" } }],
    ["no name", { id: "a", function: { arguments: "{}" } }]
  ])("fails on a call with %s", ([, fields]) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(eventsOf([calling(0, fields), finish("tool_calls")]))
      assert(error._tag === "ProviderProtocol")
      assert.strictEqual(error.reason, "invalid tool call")
    }))

  it.effect("emits a refusal as text and finishes as refusal", () =>
    Effect.gen(function*() {
      const events = yield* eventsOf([chunk({ refusal: "I will " }), chunk({ refusal: "not." }), finish("stop")])
      assert.deepStrictEqual(events, [text("I will "), text("not."), finished("refusal")])
    }))

  it.effect("ignores thinking, second choices and unknown fields", () =>
    Effect.gen(function*() {
      const events = yield* eventsOf([
        { data: { object: "ping" } },
        { data: { id: "", model: "", choices: null, prompt_filter_results: [] } },
        chunk({ reasoning_content: "Hm.", reasoning: "Hm.", content: null }, { finish_reason: "" }),
        chunk({ content: "No" }, { index: 1, finish_reason: "length" }),
        chunk({ content: "Yes" }, { logprobs: null }),
        finish("stop")
      ])
      assert.deepStrictEqual(events, [text("Yes"), finished("complete")])
    }))

  it.effect("fails on an unknown finish_reason, without repeating it", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(eventsOf([chunk({ content: "Hi" }), finish("canary")]))
      assert(error._tag === "ProviderProtocol")
      assert.include(error.reason, "unknown finish_reason")
      assert.notInclude(JSON.stringify(error), "canary")
    }))

  it.effect("emits usage as it arrives, and the latest with the end", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* eventsOf([counting("a", 1), counting("b", 2, "stop")]), [
        text("a"),
        ProviderEvent.Usage({ usage: usageOf(1) }),
        text("b"),
        ProviderEvent.Usage({ usage: usageOf(2) }),
        ProviderEvent.Finished({ reason: "complete", usage: usageOf(2) })
      ])
    }))

  it.effect("needs no [DONE] and no connection after the finish_reason", () =>
    Effect.gen(function*() {
      const whole = [text("Hi"), finished("complete")]
      assert.deepStrictEqual(yield* eventsOf(textReply("Hi"), { ending: "end" }), whole)
      assert.deepStrictEqual(yield* eventsOf(textReply("Hi"), { ending: "reset" }), whole)
      assert.deepStrictEqual(yield* eventsOf([...textReply("Hi"), done]), whole)
    }))

  it.scoped("emits the request id first, and none if the gateway sends none", () =>
    Effect.gen(function*() {
      const server = yield* makeChatCompletionsServer()
      server.next(streaming([], { ending: "stall" }))
      assertSome(yield* Stream.runHead(respond(server.url)), ProviderEvent.Identified({ requestId }))
      server.next(streaming(textReply("Hi"), { headers: { "x-request-id": "" } }))
      assert.deepStrictEqual(yield* reply(server.url), [text("Hi"), finished("complete")])
    }))

  it.scoped("closes the connection when a reply is interrupted", () =>
    Effect.gen(function*() {
      const server = yield* makeChatCompletionsServer()
      const { handler, hungUp } = yield* watched(streaming([chunk({ content: "Hi" })], { ending: "stall" }))
      server.next(handler)
      const begun = yield* Deferred.make<void>()
      const fiber = yield* Effect.fork(
        Stream.runForEach(respond(server.url), (event) =>
          event._tag === "TextDelta" ? Deferred.succeed(begun, undefined) : Effect.void)
      )
      yield* Deferred.await(begun)
      yield* Fiber.interrupt(fiber)
      yield* hungUp
    }))

  it.scoped("answers concurrent calls, each with its own reply", () =>
    Effect.gen(function*() {
      const server = yield* makeChatCompletionsServer({ packet: 50 })
      const asked = Array.from({ length: 40 }, (_, index) => `number ${index} of ${sessionId}`)
      const replies = yield* Effect.forEach(asked, (question) => reply(server.url, asking(question)), {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(
        replies.map((events) => events.map((event) => (event._tag === "TextDelta" ? event.text : "")).join("")),
        asked.map((question) => `You said: ${question}`)
      )
    }))
})
