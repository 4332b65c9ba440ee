import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { vi } from "vitest"
import type { ImagePart, Part } from "../../../src/domain/Message.js"
import * as ChatCompletionsProvider from "../../../src/layers/provider/ChatCompletionsProvider.js"
import { ProviderEvent } from "../../../src/services/Provider.js"
import { ProviderRegistry } from "../../../src/services/ProviderRegistry.js"
import { message, request } from "../../domain/conversation.js"
import { makeChatCompletionsServer } from "../../vendor/ChatCompletionsServer.js"
import { apiKey, bodyFor, messagesFor, reply, saying } from "./chatCompletions.js"

const text = (text: string): Part => ({ _tag: "Text", text })
const call = (id: string, input = {}): Part => ({ _tag: "ToolCall", id, name: "weather", arguments: input })
const result = (id: string, result: string): Part => ({ _tag: "ToolResult", id, result, isError: false })
const png: ImagePart = { _tag: "Image", mediaType: "image/png", source: { _tag: "Inline", base64: "iVBORw==" } }
const asked = (...ids: ReadonlyArray<string>) =>
  ids.map((id) => ({ id, type: "function", function: { name: "weather", arguments: "{}" } }))

describe("ChatCompletionsProvider requests", () => {
  it.effect("ask for a stream with usage, and hold no other settings by default", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* bodyFor([message(1, "user", "Hello")]), {
        model: "some-model",
        messages: [{ role: "user", content: "Hello" }],
        stream_options: { include_usage: true },
        stream: true
      })
    }))

  it.effect("have a field for each setting", () =>
    Effect.gen(function*() {
      const parameters = { type: "object", properties: { city: { type: "string" } } }
      const body = yield* bodyFor([message(1, "user", "Hello")], {
        system: "Be brief.",
        maxTokens: 100,
        temperature: 0.5,
        topP: 0.9,
        stop: ["END"],
        seed: 7,
        frequencyPenalty: 1,
        presencePenalty: -1,
        reasoningEffort: "low",
        tools: [{ name: "weather", description: "How it is", parameters }, { name: "time", parameters: {} }],
        toolChoice: { name: "weather" },
        unknown: "left alone"
      })
      assert.deepStrictEqual(body, {
        model: "some-model",
        messages: [{ role: "system", content: "Be brief." }, { role: "user", content: "Hello" }],
        max_tokens: 100,
        temperature: 0.5,
        top_p: 0.9,
        stop: ["END"],
        seed: 7,
        frequency_penalty: 1,
        presence_penalty: -1,
        reasoning_effort: "low",
        tools: [
          { type: "function", function: { name: "weather", description: "How it is", parameters } },
          { type: "function", function: { name: "time", parameters: {} } }
        ],
        tool_choice: { type: "function", function: { name: "weather" } },
        stream_options: { include_usage: true },
        stream: true
      })
    }))

  it.effect("prefer extra fields, except for the stream", () =>
    Effect.gen(function*() {
      const extra = { temperature: 1, top_k: 5, stream_options: null, stream: false }
      assert.deepStrictEqual(yield* bodyFor([message(1, "user", "Hello")], { temperature: 0, extra }), {
        model: "some-model",
        messages: [{ role: "user", content: "Hello" }],
        temperature: 1,
        top_k: 5,
        stream_options: null,
        stream: true
      })
    }))

  it.effect("hold tools only for a gateway that accepts them, and a choice only with tools", () =>
    Effect.gen(function*() {
      const tools = [{ name: "weather", parameters: {} }]
      const plain = yield* bodyFor([message(1, "user", "Hello")])
      const config = { tools, toolChoice: "required" }
      assert.deepStrictEqual(
        yield* bodyFor([message(1, "user", "Hello")], config, { capabilities: { tools: false } }),
        plain
      )
      assert.deepStrictEqual(yield* bodyFor([message(1, "user", "Hello")], { ...config, tools: [] }), plain)
      assert.deepInclude(yield* bodyFor([message(1, "user", "Hello")], config), { tool_choice: "required" })
    }))

  it.effect("keep system messages in place, after the system prompt", () =>
    Effect.gen(function*() {
      const history = [message(1, "user", "one"), message(2, "system", "Now in verse."), message(3, "user", "two")]
      const body = yield* bodyFor(history, { system: "Be brief." })
      assert.deepInclude(body, {
        messages: [
          { role: "system", content: "Be brief." },
          { role: "user", content: "one" },
          { role: "system", content: "Now in verse." },
          { role: "user", content: "two" }
        ]
      })
    }))

  it.effect("join texts as lines, without empty ones", () =>
    Effect.gen(function*() {
      const said = yield* messagesFor(
        saying(1, "user", text("one"), text(""), text("two")),
        saying(2, "assistant", text("")),
        saying(3, "user", text("three"))
      )
      assert.deepStrictEqual(said, [{ role: "user", content: "one\ntwo" }, { role: "user", content: "three" }])
    }))

  it.effect("hold images as URLs or data URLs", () =>
    Effect.gen(function*() {
      const remote = { ...png, source: { _tag: "Remote", url: "https://example.com/a.png" } } as const
      assert.deepStrictEqual(yield* messagesFor(saying(1, "user", text("Look:"), png, remote)), [{
        role: "user",
        content: [
          { type: "text", text: "Look:" },
          { type: "image_url", image_url: { url: "data:image/png;base64,iVBORw==" } },
          { type: "image_url", image_url: { url: "https://example.com/a.png" } }
        ]
      }])
    }))

  it.scoped("hold files with their bytes, and a line of text for what cannot be sent", () =>
    Effect.gen(function*() {
      const server = yield* makeChatCompletionsServer()
      const pdf = { _tag: "File", name: "a.pdf", mediaType: "application/pdf" } as const
      const inline = { ...pdf, source: { _tag: "Inline", base64: "JVBERi0=" } } as const
      const remote = { ...pdf, source: { _tag: "Remote", url: "https://example.com/a.pdf" } } as const
      const events = yield* reply(
        server.url,
        request(saying(1, "user", inline, remote), saying(2, "assistant", png), saying(3, "user", remote))
      )
      assert.deepInclude(server.received[0]?.body, {
        messages: [
          {
            role: "user",
            content: [
              { type: "file", file: { filename: "a.pdf", file_data: "data:application/pdf;base64,JVBERi0=" } },
              { type: "text", text: "[The file \"a.pdf\" (application/pdf) was left out here.]" }
            ]
          },
          { role: "assistant", content: "[An image (image/png) was left out here.]" },
          { role: "user", content: "[The file \"a.pdf\" (application/pdf) was left out here.]" }
        ]
      })
      assert.deepStrictEqual(
        events[0],
        ProviderEvent.Notice({
          notice: { _tag: "PartsOmitted", provider: "chat", model: "some-model", kinds: ["File", "Image"] }
        })
      )
      assert.strictEqual(events.filter(({ _tag }) => _tag === "Notice").length, 1)
    }))

  it.effect("hold tool calls in their reply, and each result as its own message", () =>
    Effect.gen(function*() {
      const said = yield* messagesFor(
        saying(1, "user", text("How is it?")),
        saying(2, "assistant", text("Let me look."), call("a", { city: "Turin" }), call("b")),
        saying(3, "tool", result("a", "sunny")),
        saying(4, "user", text("Hurry!"), result("b", ""), text("Please."))
      )
      assert.deepStrictEqual(said, [
        { role: "user", content: "How is it?" },
        {
          role: "assistant",
          content: "Let me look.",
          tool_calls: [
            { id: "a", type: "function", function: { name: "weather", arguments: "{\"city\":\"Turin\"}" } },
            ...asked("b")
          ]
        },
        { role: "tool", tool_call_id: "a", content: "sunny" },
        { role: "tool", tool_call_id: "b", content: "" },
        { role: "user", content: "Hurry!\nPlease." }
      ])
    }))

  it.effect("put a tool result directly after its call", () =>
    Effect.gen(function*() {
      const said = yield* messagesFor(
        saying(1, "assistant", call("a")),
        saying(2, "system", text("The user left.")),
        saying(3, "user", text("Never mind.")),
        saying(4, "tool", result("a", "sunny"))
      )
      assert.deepStrictEqual(said, [
        { role: "assistant", content: null, tool_calls: asked("a") },
        { role: "tool", tool_call_id: "a", content: "sunny" },
        { role: "system", content: "The user left." },
        { role: "user", content: "Never mind." }
      ])
    }))

  it.effect("match a result with the last call of its id", () =>
    Effect.gen(function*() {
      const said = yield* messagesFor(
        saying(1, "assistant", call("a")),
        saying(2, "tool", result("a", "one")),
        saying(3, "assistant", call("a")),
        saying(4, "tool", result("a", "two"))
      )
      assert.deepStrictEqual(said, [
        { role: "assistant", content: null, tool_calls: asked("a") },
        { role: "tool", tool_call_id: "a", content: "one" },
        { role: "assistant", content: null, tool_calls: asked("a") },
        { role: "tool", tool_call_id: "a", content: "two" }
      ])
    }))

  it.effect("turn a result without its call into text", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* messagesFor(saying(1, "tool", result("a", "sunny"))), [
        { role: "user", content: "[The tool answered: sunny]" }
      ])
    }))

  it.effect("turn a call in another role into a reply", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* messagesFor(saying(1, "user", call("a"), result("a", "sunny"), text("Why?"))), [
        { role: "assistant", content: null, tool_calls: asked("a") },
        { role: "tool", tool_call_id: "a", content: "sunny" },
        { role: "user", content: "Why?" }
      ])
    }))

  it.effect("leave out opaque parts", () =>
    Effect.gen(function*() {
      const opaque = { _tag: "Opaque", provider: "chat", kind: "thinking", data: "{}", text: "Hm." } as const
      const said = yield* messagesFor(
        saying(1, "assistant", opaque),
        saying(2, "assistant", opaque, text("Yes.")),
        saying(3, "user", text("Why?"))
      )
      assert.deepStrictEqual(said, [{ role: "assistant", content: "Yes." }, { role: "user", content: "Why?" }])
    }))

  it.scoped("send the key as a bearer token, and no such header without a key, whatever the environment holds", () =>
    Effect.gen(function*() {
      const server = yield* makeChatCompletionsServer()
      yield* Effect.acquireRelease(
        Effect.sync(() => environment.map((name) => vi.stubEnv(name, "sk-of-another-account"))),
        () => Effect.sync(vi.unstubAllEnvs)
      )
      yield* reply(server.url)
      yield* reply(server.url, undefined, {}, { baseUrl: `${server.url}/v1/` })
      const [withKey, without] = server.received
      assert.deepInclude(withKey, { method: "POST", url: "/v1/chat/completions" })
      assert.strictEqual(withKey?.headers.authorization, "Bearer sk-canary-0123456789")
      assert.strictEqual(without?.url, "/v1/chat/completions")
      assert.notProperty(without?.headers, "authorization")
      assert.notInclude(JSON.stringify(server.received), "another-account")
    }))

  describe("ChatCompletionsProvider.make", () => {
    it.effect.each([
      "",
      "localhost:8080",
      "ftp://localhost/v1",
      "http://ada:secret@localhost/v1",
      "http://localhost/v1?a=b"
    ])(
      "refuses the base URL %j without repeating it",
      (baseUrl) =>
        Effect.gen(function*() {
          const error = yield* Effect.flip(ChatCompletionsProvider.make({ name: "local", baseUrl }))
          assert.include(error.message, "local: \"baseUrl\" must be an http: or https: address")
          assert.notInclude(error.message, "secret")
        })
    )

    it.effect("refuses an invalid defaultConfig", () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(
          ChatCompletionsProvider.make({ baseUrl: "http://localhost/v1", defaultConfig: { temperature: 3 } })
        )
        assert.include(error.message, "\"temperature\" must be")
      }))

    it.effect("has default capabilities that options override", () =>
      Effect.gen(function*() {
        const registry = yield* ProviderRegistry
        const [chat, local] = yield* registry.list
        assert.deepStrictEqual(chat?.capabilities, {
          conversation: "stateless",
          images: ["image/*"],
          files: [],
          tools: true
        })
        assert.deepStrictEqual(local?.capabilities, {
          conversation: "stateless",
          images: [],
          files: ["application/pdf"],
          tools: true
        })
        assert.deepInclude(local, { name: "local", vendor: "mistral", defaultConfig: { temperature: 0 } })
        assert.property(local?.configSchema?.["properties"], "frequencyPenalty")
      }).pipe(Effect.provide(
        Layer.mergeAll(
          ChatCompletionsProvider.layer({ baseUrl: "http://localhost/v1", apiKey }),
          ChatCompletionsProvider.layer({
            name: "local",
            baseUrl: "http://localhost/v1",
            vendor: "mistral",
            capabilities: { images: [], files: ["application/pdf"] },
            defaultConfig: { temperature: 0 }
          })
        ).pipe(Layer.provideMerge(ProviderRegistry.layer()))
      )))
  })
})

const environment = ["OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_BASE_URL"]
