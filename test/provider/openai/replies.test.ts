import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { ProviderEvent } from "../../../src/services/Provider.js"
import { asking } from "../../domain/conversation.js"
import { streamAnswer, type WireEvent } from "../../vendor/answers.js"
import {
  functionCall,
  message,
  reasoning,
  refusal,
  responseEvents,
  type ResponseOptions,
  usage,
  type WireItem
} from "../../vendor/openai/responseEvents.js"
import { makeOpenAiServer } from "../../vendor/OpenAiServer.js"
import { textOf } from "../mock/mock.js"
import { ask, failureOf, layer, reply, saying, watched } from "./openai.js"

const finishedOf = (events: ReadonlyArray<ProviderEvent>) => {
  const finished = events.at(-1)
  assert(finished?._tag === "Finished")
  return finished
}

const tagsOf = (events: ReadonlyArray<ProviderEvent>) => events.map(({ _tag }) => _tag)

const partsOf = (events: ReadonlyArray<ProviderEvent>) =>
  events.flatMap((event) => event._tag === "Opaque" || event._tag === "ToolCall" ? [event.part] : [])

/** The events for this output of the vendor. */
const read = Effect.fnUntraced(function*(output: ReadonlyArray<WireItem>, options?: ResponseOptions) {
  const server = yield* makeOpenAiServer()
  server.next(saying(output, options))
  return yield* ask("Hi").pipe(Effect.provide(layer(server, { conversation: "stateless" })))
})

/** The events for these events of the vendor. */
const readEvents = Effect.fnUntraced(function*(events: ReadonlyArray<WireEvent>) {
  const server = yield* makeOpenAiServer()
  server.next((_, response) => streamAnswer(response, events))
  return yield* ask("Hi").pipe(Effect.provide(layer(server, { conversation: "stateless" })))
})

const without = (output: ReadonlyArray<WireItem>, ...types: ReadonlyArray<string>) =>
  responseEvents(output).filter(({ event = "" }) => !types.includes(event))

describe("OpenAiProvider replies", () => {
  it.scoped("emit the request id, text and usage in order", () =>
    Effect.gen(function*() {
      const server = yield* makeOpenAiServer()
      server.next(
        saying([message("Hello there", { phase: "final_answer" })], {
          usage: usage(100, 20, { cached: 60, written: 30, reasoning: 5 })
        }, {
          headers: { "x-request-id": "req_7" }
        })
      )
      const events = yield* ask("Hi").pipe(Effect.provide(layer(server, { conversation: "stateless" })))
      assert.deepStrictEqual(events, [
        { _tag: "Identified", requestId: "req_7" },
        { _tag: "TextDelta", text: "Hello " },
        { _tag: "TextDelta", text: "there" },
        {
          _tag: "Finished",
          reason: "complete",
          usage: {
            inputTokens: 100,
            outputTokens: 20,
            cacheReadTokens: 60,
            cacheWriteTokens: 30,
            reasoningTokens: 5
          },
          messageId: "resp_1",
          metadata: {
            responseId: "resp_1",
            model: "gpt-5.2",
            status: "completed",
            serviceTier: "default",
            phase: "final_answer"
          }
        }
      ])
    }))

  it.scoped("join several messages and parts in order", () =>
    Effect.gen(function*() {
      const two = { content: ["One ", "two "].map((text) => ({ type: "output_text", text })) }
      assert.strictEqual(textOf(yield* read([message("", two), message("three", { id: "msg_2" })])), "One two three")
    }))

  it.scoped("emit commentary as an opaque part, not as text", () =>
    Effect.gen(function*() {
      const commentary = message("I look it up.", { id: "msg_0", phase: "commentary" })
      const events = yield* read([commentary, message("It rains.")])
      assert.strictEqual(textOf(events), "It rains.")
      assert.deepStrictEqual(partsOf(events), [{
        _tag: "Opaque",
        provider: "openai",
        kind: "commentary",
        data: JSON.stringify(commentary),
        text: "I look it up."
      }])
      assert.isUndefined(finishedOf(events).metadata?.["phase"])
    }))

  it.scoped("emit reasoning with its summary, and other items, as opaque parts", () =>
    Effect.gen(function*() {
      const thought = reasoning(["First", "Then"])
      const silent = reasoning([], { id: "rs_2" })
      const search = { id: "ws_1", type: "web_search_call", status: "completed", action: { type: "search" } }
      const events = yield* read([thought, silent, search, message("So")])
      assert.deepStrictEqual(partsOf(events), [
        { _tag: "Opaque", provider: "openai", kind: "reasoning", data: JSON.stringify(thought), text: "First\n\nThen" },
        { _tag: "Opaque", provider: "openai", kind: "reasoning", data: JSON.stringify(silent) },
        { _tag: "Opaque", provider: "openai", kind: "web_search_call", data: JSON.stringify(search) }
      ])
      assert.strictEqual(finishedOf(events).reason, "complete")
    }))

  it.scoped("leave out an item that is too large for a part", () =>
    Effect.gen(function*() {
      const image = { id: "ig_1", type: "image_generation_call", result: "A".repeat(1_000_000) }
      const events = yield* read([image, message("There")])
      assert.deepStrictEqual(partsOf(events), [])
      assert.strictEqual(textOf(events), "There")
    }))

  it.scoped("emit tool calls once their arguments are complete", () =>
    Effect.gen(function*() {
      const events = yield* read([
        message("I look."),
        functionCall("{\"city\":\"Oslo\",\"days\":[1,2]}"),
        functionCall("", { id: "fc_2", call_id: "call_2", name: "time" })
      ])
      assert.deepStrictEqual(partsOf(events), [
        { _tag: "ToolCall", id: "call_1", name: "weather", arguments: { city: "Oslo", days: [1, 2] } },
        { _tag: "ToolCall", id: "call_2", name: "time", arguments: {} }
      ])
      assert.strictEqual(finishedOf(events).reason, "toolCalls")
    }))

  it.scoped("row 44: tell apart an empty reply, a blank one, a refusal, and a tool call alone", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(tagsOf(yield* read([functionCall("{}")])), ["ToolCall", "Finished"])

      const refused = yield* read([refusal("I will not.")])
      assert.strictEqual(textOf(refused), "I will not.")
      assert.strictEqual(finishedOf(refused).reason, "refusal")

      assert.deepStrictEqual(tagsOf(yield* read([])), ["Finished"])
      assert.deepStrictEqual(tagsOf(yield* read([message("")])), ["Finished"])
      assert.strictEqual(textOf(yield* read([message(" \n")])), " \n")
    }))

  it.scoped.each(["{\"city\":", "[]", "7", "null", "{\"__proto__\":{}}"])(
    "fail with the tool call arguments %s",
    (args) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(read([functionCall(args)]))
        assert.strictEqual(error._tag, "ProviderProtocol")
        assert.include(error.message, "tool call arguments are not a JSON object")
      })
  )

  it.scoped("finish as length at the limit, without the tool call that it cut", () =>
    Effect.gen(function*() {
      const events = yield* read(
        [message("Half a"), functionCall("{\"city\":\"Os", { status: "incomplete" })],
        { end: { status: "incomplete", incomplete_details: { reason: "max_output_tokens" } } }
      )
      assert.deepStrictEqual(partsOf(events), [])
      assert.strictEqual(textOf(events), "Half a")
      assert.strictEqual(finishedOf(events).reason, "length")
      assert.strictEqual(finishedOf(events).metadata?.["status"], "incomplete")
    }))

  it.scoped("finish as refusal when a filter cut them", () =>
    Effect.gen(function*() {
      const events = yield* read([message("Half a")], {
        end: { status: "incomplete", incomplete_details: { reason: "content_filter" } }
      })
      assert.strictEqual(finishedOf(events).reason, "refusal")
    }))

  it.scoped("emit items that come only with the final event", () =>
    Effect.gen(function*() {
      const all = responseEvents([message("Hello"), functionCall("{}")])
      const events = yield* readEvents(all.slice(-1))
      assert.strictEqual(textOf(events), "Hello")
      assert.deepStrictEqual(tagsOf(events), ["TextDelta", "ToolCall", "Finished"])
    }))

  it.scoped("emit text once, whether it comes in pieces or whole", () =>
    Effect.gen(function*() {
      const whole = without([message("Hello there")], "response.output_text.delta")
      assert.strictEqual(textOf(yield* readEvents(whole)), "Hello there")
      const pieces = without([message("Hello there")], "response.output_item.done")
      assert.strictEqual(textOf(yield* readEvents(pieces)), "Hello there")
    }))

  it.scoped("row 45: ignore usage that is absent, negative or inconsistent", () =>
    Effect.gen(function*() {
      for (
        const used of [
          null,
          undefined,
          7,
          {},
          usage(-1, 2),
          usage(1.5, 2),
          usage(10, 2, { cached: 11 }),
          usage(10, 2, { reasoning: 3 })
        ]
      ) {
        const events = yield* read([message("Hi")], { usage: used === undefined ? null : used })
        assert.isUndefined(finishedOf(events).usage, JSON.stringify(used))
      }
    }))

  it.scoped("accept usage without cache writes", () =>
    Effect.gen(function*() {
      const events = yield* read([message("Hi")], {
        usage: {
          input_tokens: 10,
          input_tokens_details: { cached_tokens: 4 },
          output_tokens: 2,
          output_tokens_details: null
        }
      })
      assert.deepStrictEqual(finishedOf(events).usage, { inputTokens: 10, outputTokens: 2, cacheReadTokens: 4 })
    }))

  it.scoped("end with the final event, whatever follows", () =>
    Effect.gen(function*() {
      const server = yield* makeOpenAiServer()
      const { closed, handler } = yield* watched(saying([message("Hi")], {}, { ending: "stall" }))
      server.next(handler)
      const events = yield* reply(asking("Hi")).pipe(Effect.provide(layer(server, { conversation: "stateless" })))
      assert.strictEqual(textOf(events), "Hi")
      yield* closed
    }))

  it.scoped.each<[string, unknown]>([
    ["response.output_text.delta", { output_index: 0, delta: 7 }],
    ["response.output_text.delta", { delta: "text of nothing" }],
    ["response.output_item.done", { output_index: 0, item: null }],
    ["response.output_item.done", { output_index: 0, item: {} }],
    ["response.output_item.done", { output_index: 0, item: { type: "message", content: "text" } }],
    ["response.output_item.done", { output_index: 0, item: { type: "function_call", name: "a" } }],
    ["response.completed", {}],
    ["response.completed", { response: { id: 7 } }]
  ])("fail when %s holds %j", ([type, data]) =>
    Effect.gen(function*() {
      const server = yield* makeOpenAiServer()
      server.next((_, response) => streamAnswer(response, [{ event: type, data: { type, ...Object(data) } }]))
      const error = yield* failureOf().pipe(Effect.provide(layer(server, { conversation: "stateless" })))
      assert.strictEqual(error._tag, "ProviderProtocol")
      assert.match(error.message, /invalid|without a type/)
    }))
})
