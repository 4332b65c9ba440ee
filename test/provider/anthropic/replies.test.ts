import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { OpaquePart, TokenUsage } from "../../../src/domain/Message.js"
import { ProviderEvent } from "../../../src/services/Provider.js"
import { asking } from "../../domain/conversation.js"
import type { WireEvent } from "../../vendor/answers.js"
import { finalUsage, replyEvents, type ScriptedReply, toEvent, usage } from "../../vendor/anthropic/replyEvents.js"
import { answerReply, makeAnthropicServer, requestId } from "../../vendor/AnthropicServer.js"
import { finishedOf, reply, textOf } from "./anthropic.js"

/** The events of a reply that the vendor sends like this. */
const read = Effect.fnUntraced(function*(events: ReadonlyArray<WireEvent>) {
  const server = yield* makeAnthropicServer()
  server.next((_, response) => answerReply(response, events))
  return yield* reply(server, asking("Hi"))
})
const script = (scripted: ScriptedReply) => read(replyEvents(scripted))

const counted: TokenUsage = {
  inputTokens: 3210,
  outputTokens: 1,
  cacheReadTokens: 3000,
  cacheWriteTokens: 200
}
const signed = (kind: string, block: unknown, text?: string) => {
  const part: OpaquePart = { _tag: "Opaque", provider: "anthropic", kind, data: JSON.stringify(block) }
  return ProviderEvent.Opaque({ part: text === undefined ? part : { ...part, text } })
}
const toolUse = { type: "tool_use", id: "toolu_1", name: "weather", input: { city: "Turin", days: [1, 2] } }

const blockEvents = (...json: ReadonlyArray<string>) => [
  toEvent({ type: "content_block_start", index: 0, content_block: { ...toolUse, input: {} } }),
  ...json.map((partial_json) =>
    toEvent({ type: "content_block_delta", index: 0, delta: { type: "input_json_delta", partial_json } })
  )
]
const stop = toEvent({ type: "content_block_stop", index: 0 })
const around = (stopReason: string, ...events: ReadonlyArray<WireEvent>) => {
  const [start, ping, ...end] = replyEvents({ blocks: [], stopReason })
  assert(start !== undefined && ping !== undefined)
  return [start, ping, ...events, ...end]
}
const callsOf = (events: ReadonlyArray<ProviderEvent>) =>
  events.flatMap((event) => (event._tag === "ToolCall" ? [event.part.arguments] : []))
const usagesOf = (events: ReadonlyArray<ProviderEvent>) =>
  events.flatMap((event) => (event._tag === "Usage" ? [event.usage] : []))

describe("AnthropicProvider replies", () => {
  it.scoped("emit the request id, usage, text and the end in order", () =>
    Effect.gen(function*() {
      const total = { ...counted, outputTokens: 50, reasoningTokens: 20 }
      assert.deepStrictEqual(yield* script({}), [
        ProviderEvent.Identified({ requestId }),
        ProviderEvent.Usage({ usage: counted }),
        ProviderEvent.TextDelta({ text: "Hel" }),
        ProviderEvent.TextDelta({ text: "lo!" }),
        ProviderEvent.Usage({ usage: total }),
        ProviderEvent.Finished({
          reason: "complete",
          usage: total,
          messageId: "msg_01",
          metadata: { model: "claude-opus-5-5", stopReason: "end_turn", serviceTier: "standard" }
        })
      ])
    }))

  it.scoped("emit thinking, tool calls and the vendor's own blocks whole, in order", () =>
    Effect.gen(function*() {
      const thinking = { type: "thinking", thinking: "Hm, \"Turin\"…", signature: "EqQB+/=" }
      const hidden = { type: "thinking", thinking: "", signature: "Abc" }
      const redacted = { type: "redacted_thinking", data: "EmwK" }
      const search = { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: { query: "Turin" } }
      const found = { type: "web_search_tool_result", tool_use_id: "srvtoolu_1", content: [{ encrypted: "x" }] }
      const events = yield* script({
        blocks: [thinking, hidden, redacted, search, found, { type: "text", text: "So" }, toolUse, { type: "of_2027" }],
        stopReason: "tool_use"
      })
      assert.deepStrictEqual(events.slice(2, -2), [
        signed("thinking", thinking, thinking.thinking),
        signed("thinking", hidden),
        signed("redacted_thinking", redacted),
        signed("server_tool_use", search),
        signed("web_search_tool_result", found),
        ProviderEvent.TextDelta({ text: "S" }),
        ProviderEvent.TextDelta({ text: "o" }),
        ProviderEvent.ToolCall({
          part: { _tag: "ToolCall", id: "toolu_1", name: "weather", arguments: toolUse.input }
        }),
        signed("of_2027", { type: "of_2027" })
      ])
      assert.strictEqual(finishedOf(events)?.reason, "toolCalls")
    }))

  it.scoped.each<[string, string]>([
    ["end_turn", "complete"],
    ["stop_sequence", "complete"],
    ["max_tokens", "length"],
    ["pause_turn", "paused"],
    ["refusal", "refusal"],
    ["model_context_window_exceeded", "length"],
    ["tool_use", "complete"],
    ["of_2027", "complete"]
  ])("finish %s as %s", ([stopReason, reason]) =>
    Effect.gen(function*() {
      const finished = finishedOf(yield* script({ stopReason }))
      assert.strictEqual(finished?.reason, reason)
      assert.strictEqual(finished?.metadata?.["stopReason"], stopReason)
    }))

  it.scoped("fail with overflow when the context window is full before any part", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(script({ blocks: [], stopReason: "model_context_window_exceeded" }))
      assert(error._tag === "ProviderRejected")
      assert.isTrue(error.overflow)
    }))

  it.scoped("fail when the reply ends without a stop_reason", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(script({ stopReason: null }))
      assert.strictEqual(error._tag, "ProviderProtocol")
    }))

  it.scoped("keep only identifiers of the vendor's text in the metadata", () =>
    Effect.gen(function*() {
      const events = yield* script({
        id: "an id with blanks",
        model: "m".repeat(81),
        stopReason: "refusal",
        stopDetails: { type: "refusal", category: "cyber", explanation: "You asked for an exploit." }
      })
      assert.deepStrictEqual(
        finishedOf(events),
        ProviderEvent.Finished({
          reason: "refusal",
          usage: { ...counted, outputTokens: 50, reasoningTokens: 20 },
          metadata: { stopReason: "refusal", serviceTier: "standard", refusalCategory: "cyber" }
        })
      )
    }))

  it.scoped("ignore unknown events and deltas, and emit text at the start of a block", () =>
    Effect.gen(function*() {
      const block = { type: "content_block_start", index: 0, content_block: { type: "text", text: "At once" } }
      const events = replyEvents().flatMap((event) => [event, toEvent({ type: "of_2027", index: 0, delta: null })])
      const [first, ...rest] = events
      assert(first !== undefined)
      const said = yield* read([
        first,
        toEvent({ ...block, index: 7 }),
        toEvent({ type: "content_block_delta", index: 7, delta: { type: "delta_of_2027", text: "no" } }),
        toEvent({ type: "content_block_delta", index: 8, delta: { type: "text_delta", text: "no" } }),
        toEvent({ type: "content_block_stop", index: 7 }),
        ...rest
      ])
      assert.strictEqual(textOf(said), "At onceHello!")
    }))

  describe("tool calls", () => {
    it.scoped.each<[ReadonlyArray<string>, unknown]>([
      [[], {}],
      [[""], {}],
      [["{}"], {}],
      [["", "{\"a\"", ":\"", "\\u00e9\"}"], { a: "é" }]
    ])("are joined from the pieces %j", ([json, expected]) =>
      Effect.gen(function*() {
        const events = yield* read(around("tool_use", ...blockEvents(...json), stop))
        assert.deepStrictEqual(callsOf(events), [expected])
      }))

    it.scoped.each<[string]>([["{\"a\":"], ["[1]"], ["\"x\""], ["null,"], ["{\"__proto__\":{}}"]])(
      "fail with the arguments %j",
      ([json]) =>
        Effect.gen(function*() {
          const error = yield* Effect.flip(read(around("tool_use", ...blockEvents(json), stop)))
          assert.strictEqual(error._tag, "ProviderProtocol")
        })
    )

    it.scoped("fail when they are not closed", () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(read(around("tool_use", ...blockEvents("{}"))))
        assert.strictEqual(error._tag, "ProviderProtocol")
      }))

    it.scoped("are dropped when the length limit cut them", () =>
      Effect.gen(function*() {
        const events = yield* read(around("max_tokens", ...blockEvents("{\"a\":"), stop))
        assert.deepStrictEqual(callsOf(events), [])
        assert.strictEqual(finishedOf(events)?.reason, "length")
      }))
  })

  it.scoped("fail on a block that is too long to store", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(script({ blocks: [{ type: "redacted_thinking", data: "x".repeat(1_000_001) }] }))
      assert.strictEqual(error._tag, "ProviderProtocol")
    }))

  describe("row 44: finish", () => {
    it.scoped.each<[string, ScriptedReply, ReadonlyArray<string>, string]>([
      ["nothing", { blocks: [] }, [], "complete"],
      ["a blank text", { blocks: [{ type: "text", text: " \n" }] }, ["TextDelta", "TextDelta"], "complete"],
      ["a refusal", { blocks: [], stopReason: "refusal" }, [], "refusal"],
      ["a tool call alone", { blocks: [toolUse], stopReason: "tool_use" }, ["ToolCall"], "toolCalls"]
    ])("%s", ([, scripted, tags, reason]) =>
      Effect.gen(function*() {
        const events = yield* script({ usage: null, finalUsage: null, ...scripted })
        assert.deepStrictEqual(events.map(({ _tag }) => _tag), ["Identified", ...tags, "Finished"])
        assert.strictEqual(finishedOf(events)?.reason, reason)
      }))
  })

  describe("row 45: usage", () => {
    it.scoped.each<[string, unknown, unknown]>([
      ["absent", null, null],
      ["not an object", 7, "many"],
      ["negative", { ...usage, input_tokens: -1 }, finalUsage],
      ["with a negative part", { ...usage, cache_read_input_tokens: -5 }, finalUsage],
      ["a part of more than the whole", {
        input_tokens: 1,
        output_tokens: 1,
        output_tokens_details: { thinking_tokens: 9 }
      }, null],
      ["a fraction", { ...usage, input_tokens: 1.5 }, finalUsage],
      ["a string", { ...usage, output_tokens: "1" }, null],
      ["without its input", { output_tokens: 1 }, { output_tokens: 2 }]
    ])("is unknown when it is %s", ([, usage, finalUsage]) =>
      Effect.gen(function*() {
        const events = yield* script({ usage, finalUsage })
        assert.deepStrictEqual(usagesOf(events), [])
        assert.notProperty(finishedOf(events), "usage")
        assert.strictEqual(textOf(events), "Hello!")
      }))

    it.scoped("of the end replaces that of the beginning", () =>
      Effect.gen(function*() {
        const events = yield* script({
          usage: { input_tokens: 5, output_tokens: 1 },
          finalUsage: { input_tokens: 7, cache_read_input_tokens: 2, output_tokens: 3 }
        })
        assert.deepStrictEqual(usagesOf(events), [
          { inputTokens: 5, outputTokens: 1 },
          { inputTokens: 9, outputTokens: 3, cacheReadTokens: 2 }
        ])
      }))
  })
})
