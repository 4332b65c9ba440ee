import { assert, describe, it } from "@effect/vitest"
import { Effect, Encoding } from "effect"
import type { JsonRecord } from "../../../src/domain/Json.js"
import type { Message, Part, PartSource } from "../../../src/domain/Message.js"
import { message, request } from "../../domain/conversation.js"
import { replyEvents } from "../../vendor/anthropic/replyEvents.js"
import { answerReply, makeAnthropicServer } from "../../vendor/AnthropicServer.js"
import { model, reply, saying, sent, text } from "./anthropic.js"

const mark = { cache_control: { type: "ephemeral", ttl: "5m" } }
const hello = message(1, "user", "Hello")
const inline = (base64: string): PartSource => ({ _tag: "Inline", base64 })
const remote = (url: string): PartSource => ({ _tag: "Remote", url })
const call = (id: string): Part => ({ _tag: "ToolCall", id, name: "weather", arguments: { city: "Turin" } })
const result = (id: string, result = "sunny", isError = false): Part => ({ _tag: "ToolResult", id, result, isError })
const opaque = (kind: string, data: string): Part => ({ _tag: "Opaque", provider: "anthropic", kind, data })
const toolUse = (id: string) => ({ type: "tool_use", id, name: "weather", input: { city: "Turin" } })
const block = (text: string) => ({ type: "text", text })

/** The server refuses what the vendor refuses, so each of these requests is also a valid one. */
const messagesOf = (messages: ReadonlyArray<Message>, config?: JsonRecord) =>
  Effect.map(sent(messages, config), ({ body }) => body).pipe(
    Effect.map((body) => (body as { readonly messages: unknown }).messages)
  )

describe("AnthropicProvider requests", () => {
  it.scoped("hold one text and the required fields", () =>
    Effect.gen(function*() {
      const { body, method, url } = yield* sent([hello])
      assert.deepStrictEqual([method, url], ["POST", "/v1/messages"])
      assert.deepStrictEqual(body, {
        model,
        max_tokens: 8192,
        ...mark,
        messages: [{ role: "user", content: [block("Hello")] }],
        stream: true
      })
    }))

  it.scoped("join the messages of one side, without blank ones", () =>
    Effect.gen(function*() {
      const messages = yield* messagesOf([
        message(1, "user", "one"),
        message(2, "user", "two"),
        message(3, "assistant", " "),
        message(4, "user", "three"),
        message(5, "assistant", "four"),
        message(6, "assistant", "five"),
        message(7, "user", " \n")
      ])
      assert.deepStrictEqual(messages, [
        { role: "user", content: [block("one"), block("two"), block("three")] },
        { role: "assistant", content: [block("four"), block("five")] },
        { role: "user", content: [block("[This message is empty.]")] }
      ])
    }))

  it.scoped("begin with a user's line when the history begins with a reply", () =>
    Effect.gen(function*() {
      const messages = yield* messagesOf([message(1, "assistant", "Welcome!"), message(2, "user", "Hi")])
      assert.deepStrictEqual(messages, [
        { role: "user", content: [block("[The conversation begins here.]")] },
        { role: "assistant", content: [block("Welcome!")] },
        { role: "user", content: [block("Hi")] }
      ])
    }))

  it.scoped("hold the system prompt and leading system messages, marked for the cache", () =>
    Effect.gen(function*() {
      const { body } = yield* sent(
        [message(1, "system", "Be brief."), message(2, "system", " "), message(3, "user", "Hello")],
        { system: "You are a poet." }
      )
      assert.deepStrictEqual(body, {
        model,
        max_tokens: 8192,
        ...mark,
        system: [block("You are a poet."), { ...block("Be brief."), ...mark }],
        messages: [{ role: "user", content: [block("Hello")] }],
        stream: true
      })
    }))

  it.scoped("keep later system messages in place, or move them to the end of the user's turn", () =>
    Effect.gen(function*() {
      const history = [
        message(1, "user", "one"),
        message(2, "system", "after one"),
        message(3, "user", "two"),
        message(4, "assistant", "reply"),
        message(5, "system", "after the reply"),
        message(6, "user", "three"),
        message(7, "system", "at the end")
      ]
      assert.deepStrictEqual(yield* messagesOf(history), [
        { role: "user", content: [block("one"), block("two")] },
        { role: "system", content: [block("after one")] },
        { role: "assistant", content: [block("reply")] },
        { role: "user", content: [block("three")] },
        { role: "system", content: [block("after the reply"), block("at the end")] }
      ])
      const { body } = yield* sent(history, { systemMessages: "top", cache: "off" })
      assert.deepStrictEqual(body, {
        model,
        max_tokens: 8192,
        system: [block("after one"), block("after the reply"), block("at the end")],
        messages: [
          { role: "user", content: [block("one"), block("two")] },
          { role: "assistant", content: [block("reply")] },
          { role: "user", content: [block("three")] }
        ],
        stream: true
      })
    }))

  it.scoped("hold images and files, inline and by URL", () =>
    Effect.gen(function*() {
      const messages = yield* messagesOf([
        saying(
          1,
          "user",
          text("Look:"),
          { _tag: "Image", mediaType: "image/png", source: inline("aW1hZ2U=") },
          { _tag: "Image", mediaType: "image/jpeg", source: remote("https://example.com/a.jpg") },
          { _tag: "File", name: "a.pdf", mediaType: "application/pdf", source: inline("cGRm") },
          { _tag: "File", name: "b.pdf", mediaType: "application/pdf", source: remote("https://example.com/b.pdf") },
          { _tag: "File", name: "c.txt", mediaType: "text/plain", source: inline(Encoding.encodeBase64("Grüße 🌍")) },
          { _tag: "File", name: "d.txt", mediaType: "text/plain", source: remote("https://example.com/d.txt") }
        )
      ])
      assert.deepStrictEqual(messages, [{
        role: "user",
        content: [
          block("Look:"),
          { type: "image", source: { type: "base64", media_type: "image/png", data: "aW1hZ2U=" } },
          { type: "image", source: { type: "url", url: "https://example.com/a.jpg" } },
          {
            type: "document",
            title: "a.pdf",
            source: { type: "base64", media_type: "application/pdf", data: "cGRm" }
          },
          { type: "document", title: "b.pdf", source: { type: "url", url: "https://example.com/b.pdf" } },
          { type: "document", title: "c.txt", source: { type: "text", media_type: "text/plain", data: "Grüße 🌍" } },
          block("[The file \"d.txt\" (text/plain) was left out here.]")
        ]
      }])
    }))

  it.scoped("replace an image or file in a reply by a line of text", () =>
    Effect.gen(function*() {
      const messages = yield* messagesOf([
        hello,
        saying(2, "assistant", { _tag: "Image", mediaType: "image/png", source: inline("aW1hZ2U=") }, {
          _tag: "File",
          name: "a.pdf",
          mediaType: "application/pdf",
          source: inline("cGRm")
        }),
        message(3, "user", "And?")
      ])
      assert.deepStrictEqual(messages, [
        { role: "user", content: [block("Hello")] },
        {
          role: "assistant",
          content: [
            block("[An image (image/png) was left out here.]"),
            block("[The file \"a.pdf\" (application/pdf) was left out here.]")
          ]
        },
        { role: "user", content: [block("And?")] }
      ])
    }))

  describe("tools", () => {
    const tools = [
      { name: "weather", description: "Tells it.", parameters: { type: "object", properties: {} } },
      { name: "time", parameters: { type: "object", properties: {} } }
    ]
    const sentTools = [
      { name: "weather", description: "Tells it.", input_schema: { type: "object", properties: {} } },
      { name: "time", input_schema: { type: "object", properties: {} } }
    ] as const

    it.scoped.each<[JsonRecord, JsonRecord]>([
      [{}, {}],
      [{ toolChoice: "auto" }, { tool_choice: { type: "auto" } }],
      [{ toolChoice: "none" }, { tool_choice: { type: "none" } }],
      [{ toolChoice: "required" }, { tool_choice: { type: "any" } }],
      [{ toolChoice: { name: "time" } }, { tool_choice: { type: "tool", name: "time" } }]
    ])("map the choice %j", ([config, choice]) =>
      Effect.gen(function*() {
        const { body } = yield* sent([hello], { tools, ...config })
        assert.deepStrictEqual(body, {
          model,
          max_tokens: 8192,
          ...mark,
          tools: [sentTools[0], { ...sentTools[1], ...mark }],
          ...choice,
          messages: [{ role: "user", content: [block("Hello")] }],
          stream: true
        })
      }))

    it.scoped("have one cache mark after the system prompt, which covers them", () =>
      Effect.gen(function*() {
        const { body } = yield* sent([hello], { tools, system: "Be brief.", cache: "1h" })
        const hour = { cache_control: { type: "ephemeral", ttl: "1h" } }
        assert.deepStrictEqual(body, {
          model,
          max_tokens: 8192,
          ...hour,
          system: [{ ...block("Be brief."), ...hour }],
          tools: sentTools,
          messages: [{ role: "user", content: [block("Hello")] }],
          stream: true
        })
      }))

    it.scoped("hold no choice without tools", () =>
      Effect.gen(function*() {
        const { body } = yield* sent([hello], { toolChoice: "required" })
        assert.notProperty(body, "tool_choice")
      }))

    it.scoped("put results first in the turn after their calls, and system messages after them", () =>
      Effect.gen(function*() {
        const messages = yield* messagesOf([
          hello,
          saying(2, "assistant", text("Let me look."), call("a"), call("b")),
          message(3, "system", "Hurry."),
          message(4, "user", "Well?"),
          saying(5, "tool", result("a")),
          saying(6, "tool", result("b", "no such city", true), text("Both."))
        ])
        assert.deepStrictEqual(messages, [
          { role: "user", content: [block("Hello")] },
          { role: "assistant", content: [block("Let me look."), toolUse("a"), toolUse("b")] },
          {
            role: "user",
            content: [
              { type: "tool_result", tool_use_id: "a", content: "sunny" },
              { type: "tool_result", tool_use_id: "b", content: "no such city", is_error: true },
              block("Well?"),
              block("Both.")
            ]
          },
          { role: "system", content: [block("Hurry.")] }
        ])
      }))

    it.scoped("hold a blank result as none, and other vendors' ids in accepted characters", () =>
      Effect.gen(function*() {
        const messages = yield* messagesOf([
          hello,
          saying(2, "assistant", call("a.1")),
          saying(3, "user", result("a.1", ""))
        ])
        assert.deepStrictEqual(messages, [
          { role: "user", content: [block("Hello")] },
          { role: "assistant", content: [toolUse("a_1")] },
          { role: "user", content: [{ type: "tool_result", tool_use_id: "a_1" }] }
        ])
      }))

    it.scoped("turn a call or result without its counterpart into text", () =>
      Effect.gen(function*() {
        const messages = yield* messagesOf([
          saying(1, "user", call("past"), result("past", "rainy")),
          saying(2, "assistant", call("a"), call("late")),
          saying(3, "user", result("a"), result("a", "twice")),
          message(4, "assistant", "Well."),
          saying(5, "user", result("late"))
        ])
        const called = block("[The tool \"weather\" was called with {\"city\":\"Turin\"}.]")
        assert.deepStrictEqual(messages, [
          { role: "user", content: [called, block("[The tool answered: rainy]")] },
          { role: "assistant", content: [toolUse("a"), called] },
          {
            role: "user",
            content: [
              { type: "tool_result", tool_use_id: "a", content: "sunny" },
              block("[The tool answered: twice]")
            ]
          },
          { role: "assistant", content: [block("Well.")] },
          { role: "user", content: [block("[The tool answered: sunny]")] }
        ])
      }))
  })

  describe("signed blocks", () => {
    const thinking = {
      type: "thinking",
      thinking: "Où est\u2028le \"café\"? \\ \ud83c\udf0d \ud83c \u0000",
      signature: "EqQBCkYIARgCKkD+/=\u00e9"
    }
    const redacted = { type: "redacted_thinking", data: "EmwKAhgBEgy3va3pzix/LafPsn4a" }

    it.scoped("are sent back unchanged and in place, from the stream to the next request", () =>
      Effect.gen(function*() {
        const server = yield* makeAnthropicServer()
        server.next((_, response) =>
          answerReply(response, replyEvents({ blocks: [thinking, redacted, toolUse("a")], stopReason: "tool_use" }))
        )
        const events = yield* reply(server, request(hello))
        const parts = events.flatMap((event) =>
          event._tag === "Opaque" || event._tag === "ToolCall" ? [event.part] : []
        )
        yield* reply(server, request(hello, saying(2, "assistant", ...parts), saying(3, "tool", result("a"))))
        const raw = server.received[1]?.raw ?? ""
        assert.include(raw, `"content":[${JSON.stringify(thinking)},${JSON.stringify(redacted)},{"type":"tool_use",`)
      }).pipe(Effect.scoped))

    it.scoped("are left out at the end of a reply, and when they cannot be read", () =>
      Effect.gen(function*() {
        const block = JSON.stringify(thinking)
        const messages = yield* messagesOf([
          hello,
          saying(2, "assistant", opaque("thinking", block), text("One."), opaque("thinking", block)),
          saying(3, "assistant", opaque("thinking", block), opaque("redacted_thinking", JSON.stringify(redacted))),
          message(4, "user", "Go on"),
          saying(5, "assistant", opaque("thinking", "{"), opaque("thinking", "7"), text("Two.")),
          message(6, "user", "And?")
        ])
        assert.deepStrictEqual(messages, [
          { role: "user", content: [{ type: "text", text: "Hello" }] },
          { role: "assistant", content: [JSON.parse(block), { type: "text", text: "One." }] },
          { role: "user", content: [{ type: "text", text: "Go on" }] },
          { role: "assistant", content: [{ type: "text", text: "Two." }] },
          { role: "user", content: [{ type: "text", text: "And?" }] }
        ])
      }))

    it.scoped("are sent with a paused reply at the end, so that the model continues it", () =>
      Effect.gen(function*() {
        const server = yield* makeAnthropicServer()
        const search = { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: { query: "Turin" } }
        const found = { type: "web_search_tool_result", tool_use_id: "srvtoolu_1", content: [{ encrypted: "x" }] }
        const blocks = [thinking, search, found, block("So far: \n")]
        server.next((_, response) => answerReply(response, replyEvents({ blocks, stopReason: "pause_turn" })))
        const events = yield* reply(server, request(hello))
        const parts = events.flatMap((event) => (event._tag === "Opaque" ? [event.part] : []))
        assert.deepStrictEqual(parts.map(({ kind }) => kind), ["thinking", "server_tool_use", "web_search_tool_result"])

        yield* reply(server, request(hello, saying(2, "assistant", ...parts, text("So far: \n"))))
        assert.deepStrictEqual((server.received[1]?.body as { messages: unknown } | undefined)?.messages, [
          { role: "user", content: [block("Hello")] },
          { role: "assistant", content: [thinking, search, found, block("So far:")] }
        ])
      }).pipe(Effect.scoped))
  })

  describe("settings", () => {
    it.scoped.each<[JsonRecord, JsonRecord]>([
      [{ maxTokens: 100 }, { max_tokens: 100 }],
      [{ thinking: { type: "adaptive", display: "summarized" } }, {
        thinking: { type: "adaptive", display: "summarized" }
      }],
      [{ thinking: { type: "disabled" } }, { thinking: { type: "disabled" } }],
      [
        { thinking: { type: "enabled", budgetTokens: 10_000 } },
        { max_tokens: 18_192, thinking: { type: "enabled", budget_tokens: 10_000 } }
      ],
      [{ effort: "xhigh" }, { output_config: { effort: "xhigh" } }],
      [{ stopSequences: ["END"] }, { stop_sequences: ["END"] }],
      [{ maxTokens: 5, extra: { max_tokens: 6, service_tier: "auto" } }, { max_tokens: 6, service_tier: "auto" }],
      [{ extra: { stream: false } }, {}],
      [{ temperature: 0.7, top_p: 1, topK: 5, pattern: "of a mock" }, {}]
    ])("map %j", ([config, fields]) =>
      Effect.gen(function*() {
        const { body, raw } = yield* sent([hello], { cache: "off", ...config })
        assert.deepStrictEqual(body, {
          model,
          max_tokens: 8192,
          messages: [{ role: "user", content: [block("Hello")] }],
          stream: true,
          ...fields
        })
        assert.notInclude(raw, "temperature")
      }))
  })
})
