import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { JsonRecord } from "../../../src/domain/Json.js"
import type { Message } from "../../../src/domain/Message.js"
import { asking, message, request } from "../../domain/conversation.js"
import { jsonAnswer } from "../../vendor/answers.js"
import { message as wireMessage, reasoning } from "../../vendor/openai/responseEvents.js"
import { makeOpenAiServer } from "../../vendor/OpenAiServer.js"
import { textOf } from "../mock/mock.js"
import { bodies, holding, key, layer, model, open, reply, saying } from "./openai.js"

const stateless = { conversation: "stateless" } as const

/** The request body for these messages and this configuration. */
const sent = Effect.fnUntraced(function*(messages: ReadonlyArray<Message>, config?: JsonRecord) {
  const server = yield* makeOpenAiServer()
  yield* Effect.exit(reply(request(...messages), config)).pipe(Effect.provide(layer(server, stateless)))
  assert.strictEqual(server.received.length, 1)
  return server.received[0]?.body
})

const inputOf = (body: unknown): unknown =>
  typeof body === "object" && body !== null && "input" in body ? body.input : undefined

const opaque = (data: string) => ({ _tag: "Opaque", provider: "openai", kind: "reasoning", data }) as const

describe("OpenAiProvider requests", () => {
  it.scoped("hold a question and the required fields", () =>
    Effect.gen(function*() {
      const server = yield* makeOpenAiServer()
      yield* reply(asking("Hello")).pipe(Effect.provide(layer(server, stateless)))
      const [received] = server.received
      assert.strictEqual(
        received?.raw,
        `{"model":"gpt-5.2","input":[{"role":"user","content":[{"type":"input_text","text":"Hello"}]}],` +
          `"store":false,"include":["reasoning.encrypted_content"],"stream":true}`
      )
      assert.strictEqual(received?.method, "POST")
      assert.strictEqual(received?.url, "/v1/responses")
      assert.strictEqual(received?.headers.authorization, `Bearer ${key}`)
      assert.strictEqual(received?.headers["openai-organization"], undefined)
      assert.strictEqual(received?.headers["openai-project"], undefined)
    }))

  it.scoped("hold each role in the vendor's words, and replies as text", () =>
    Effect.gen(function*() {
      const body = yield* sent([
        message(1, "system", "Be brief."),
        message(2, "user", "One"),
        message(3, "user", "Two"),
        message(4, "assistant", "Three"),
        message(5, "tool", "Four")
      ])
      assert.deepStrictEqual(inputOf(body), [
        { role: "system", content: [{ type: "input_text", text: "Be brief." }] },
        { role: "user", content: [{ type: "input_text", text: "One" }] },
        { role: "user", content: [{ type: "input_text", text: "Two" }] },
        { role: "assistant", content: "Three" },
        { role: "user", content: [{ type: "input_text", text: "Four" }] }
      ])
    }))

  it.scoped("hold images and files, inline and by URL, between texts", () =>
    Effect.gen(function*() {
      const body = yield* sent([holding(1, "user", [
        { _tag: "Text", text: "See:" },
        { _tag: "Image", mediaType: "image/png", source: { _tag: "Inline", base64: "aWJt" } },
        { _tag: "Image", mediaType: "image/png", source: { _tag: "Remote", url: "https://example.com/a.png" } },
        { _tag: "File", name: "a.pdf", mediaType: "application/pdf", source: { _tag: "Inline", base64: "cGRm" } },
        {
          _tag: "File",
          name: "b.pdf",
          mediaType: "application/pdf",
          source: { _tag: "Remote", url: "https://example.com/b.pdf" }
        }
      ])])
      assert.deepStrictEqual(inputOf(body), [{
        role: "user",
        content: [
          { type: "input_text", text: "See:" },
          { type: "input_image", detail: "auto", image_url: "data:image/png;base64,aWJt" },
          { type: "input_image", detail: "auto", image_url: "https://example.com/a.png" },
          { type: "input_file", filename: "a.pdf", file_data: "data:application/pdf;base64,cGRm" },
          { type: "input_file", file_url: "https://example.com/b.pdf" }
        ]
      }])
    }))

  it.scoped("replace an image in a reply by a line of text", () =>
    Effect.gen(function*() {
      const body = yield* sent([
        holding(1, "assistant", [
          { _tag: "Text", text: "Here: " },
          { _tag: "Image", mediaType: "image/png", source: { _tag: "Inline", base64: "aWJt" } }
        ]),
        message(2, "user", "Thanks")
      ])
      assert.deepInclude(inputOf(body), {
        role: "assistant",
        content: "Here: [An image (image/png) was left out here.]"
      })
    }))

  it.scoped("hold tool calls and results as items between the messages", () =>
    Effect.gen(function*() {
      const body = yield* sent([
        message(1, "user", "Weather?"),
        holding(2, "assistant", [
          { _tag: "Text", text: "I look." },
          { _tag: "ToolCall", id: "call_1", name: "weather", arguments: { city: "Oslo", days: 2 } },
          { _tag: "ToolCall", id: "call_2", name: "time", arguments: {} }
        ]),
        holding(3, "tool", [
          { _tag: "ToolResult", id: "call_1", result: "rain", isError: false },
          { _tag: "ToolResult", id: "call_2", result: "no clock", isError: true }
        ]),
        holding(4, "user", [{ _tag: "Text", text: "And?" }])
      ])
      assert.deepStrictEqual(inputOf(body), [
        { role: "user", content: [{ type: "input_text", text: "Weather?" }] },
        { role: "assistant", content: "I look." },
        { type: "function_call", call_id: "call_1", name: "weather", arguments: "{\"city\":\"Oslo\",\"days\":2}" },
        { type: "function_call", call_id: "call_2", name: "time", arguments: "{}" },
        { type: "function_call_output", call_id: "call_1", output: "rain" },
        { type: "function_call_output", call_id: "call_2", output: "The tool failed: no clock" },
        { role: "user", content: [{ type: "input_text", text: "And?" }] }
      ])
    }))

  it.scoped("hold results and text in the order of the parts", () =>
    Effect.gen(function*() {
      const body = yield* sent([
        holding(1, "assistant", [{ _tag: "ToolCall", id: "call_1", name: "look", arguments: {} }]),
        holding(2, "user", [
          { _tag: "Text", text: "Before" },
          { _tag: "ToolResult", id: "call_1", result: "", isError: false },
          { _tag: "Text", text: "After" }
        ])
      ])
      assert.deepStrictEqual(inputOf(body), [
        { type: "function_call", call_id: "call_1", name: "look", arguments: "{}" },
        { role: "user", content: [{ type: "input_text", text: "Before" }] },
        { type: "function_call_output", call_id: "call_1", output: "" },
        { role: "user", content: [{ type: "input_text", text: "After" }] }
      ])
    }))

  it.scoped("hold opaque parts unchanged and in place", () =>
    Effect.gen(function*() {
      const data = `{"id":"rs_1","type":"reasoning","encrypted_content":"gA/+=\\u2028é","summary":[],"z":1,"a":null}`
      const server = yield* makeOpenAiServer()
      yield* reply(request(
        message(1, "user", "One"),
        holding(2, "assistant", [
          { _tag: "Opaque", provider: "openai", kind: "reasoning", data },
          { _tag: "Text", text: "Two" }
        ]),
        message(3, "user", "Three")
      )).pipe(Effect.provide(layer(server, stateless)))
      assert.include(
        server.received[0]?.raw,
        `]},${JSON.stringify(JSON.parse(data))},{"role":"assistant","content":"Two"}`
      )
    }))

  it.scoped("leave out opaque parts without their content, and broken ones", () =>
    Effect.gen(function*() {
      const body = yield* sent([
        holding(1, "assistant", [
          opaque(`{"id":"rs_1","type":"reasoning","summary":[]}`),
          opaque(`{"id":"rs_1","type":"reasoning","encrypted_content":null,"summary":[]}`),
          opaque(`{"id":`),
          opaque(`null`),
          opaque(`{"id":"rs_1"}`)
        ]),
        message(2, "user", "Hi")
      ])
      assert.deepStrictEqual(inputOf(body), [{ role: "user", content: [{ type: "input_text", text: "Hi" }] }])
    }))

  it.scoped("hold a reply as it came: commentary, reasoning and phase", () =>
    Effect.gen(function*() {
      const server = yield* makeOpenAiServer()
      const output = [
        reasoning(["I think"]),
        wireMessage("I look it up.", { id: "msg_0", phase: "commentary" }),
        wireMessage("It rains.", { phase: "final_answer" })
      ]
      server.next(saying(output))
      yield* Effect.gen(function*() {
        const events = yield* reply(asking("Weather?"))
        assert.strictEqual(textOf(events), "It rains.")
        const finished = events.at(-1)
        assert(finished?._tag === "Finished" && finished.metadata)
        const parts = events.flatMap((event) => event._tag === "Opaque" ? [event.part] : [])
        yield* reply(request(
          message(1, "user", "Weather?"),
          holding(2, "assistant", [...parts, { _tag: "Text", text: textOf(events) }], {
            providerMetadata: finished.metadata
          }),
          message(3, "user", "Thanks")
        ))
      }).pipe(Effect.provide(layer(server, stateless)))
      assert.deepStrictEqual(inputOf(bodies(server)[1]), [
        { role: "user", content: [{ type: "input_text", text: "Weather?" }] },
        output[0],
        output[1],
        { role: "assistant", content: "It rains.", phase: "final_answer" },
        { role: "user", content: [{ type: "input_text", text: "Thanks" }] }
      ])
    }))

  it.scoped("hold the settings in the vendor's words", () =>
    Effect.gen(function*() {
      const body = yield* sent([message(1, "user", "Hi")], {
        system: "Be brief.",
        maxTokens: 100,
        temperature: 0.5,
        topP: 0.9,
        reasoningEffort: "low",
        reasoningSummary: "auto",
        verbosity: "high",
        parallelToolCalls: false,
        serviceTier: "flex",
        tools: [
          { name: "weather", description: "Tells the weather", parameters: { type: "object", properties: {} } },
          { name: "time", parameters: { type: "object" } }
        ],
        toolChoice: { name: "weather" },
        unknown: true
      })
      assert.deepStrictEqual(body, {
        model,
        input: [{ role: "user", content: [{ type: "input_text", text: "Hi" }] }],
        instructions: "Be brief.",
        tools: [
          {
            type: "function",
            name: "weather",
            description: "Tells the weather",
            parameters: { type: "object", properties: {} },
            strict: false
          },
          { type: "function", name: "time", parameters: { type: "object" }, strict: false }
        ],
        tool_choice: { type: "function", name: "weather" },
        parallel_tool_calls: false,
        reasoning: { effort: "low", summary: "auto" },
        text: { verbosity: "high" },
        store: false,
        include: ["reasoning.encrypted_content"],
        max_output_tokens: 100,
        temperature: 0.5,
        top_p: 0.9,
        service_tier: "flex",
        stream: true
      })
    }))

  it.scoped.each(["auto", "required", "none"])("hold the tool choice %s", (toolChoice) =>
    Effect.gen(function*() {
      const body = yield* sent([message(1, "user", "Hi")], { toolChoice })
      assert.propertyVal(body, "tool_choice", toolChoice)
    }))

  it.scoped("prefer extra fields, except for the stream", () =>
    Effect.gen(function*() {
      const body = yield* sent([message(1, "user", "Hi")], {
        temperature: 0.5,
        extra: { temperature: 1, prompt_cache_key: "mine", stream: false }
      })
      assert.deepInclude(body, { temperature: 1, prompt_cache_key: "mine", stream: true })
    }))

  it.scoped("stop asking a model for encrypted reasoning once it has refused", () =>
    Effect.gen(function*() {
      const server = yield* makeOpenAiServer()
      server.next((_, response) =>
        jsonAnswer(response, 400, {
          error: {
            message: "Encrypted content is not supported with this model.",
            type: "invalid_request_error",
            param: "include",
            code: null
          }
        })
      )
      yield* Effect.gen(function*() {
        assert.strictEqual(textOf(yield* reply(asking("One"))), "You said: One")
        assert.strictEqual(textOf(yield* reply(asking("Two"))), "You said: Two")
      }).pipe(Effect.provide(layer(server, stateless)))
      assert.deepStrictEqual(
        server.received.map(({ raw }) => raw.includes("encrypted_content")),
        [true, false, false]
      )
    }))

  it.effect.each<[string, JsonRecord[string]]>([
    ["temperature", 3],
    ["topP", -1],
    ["reasoningEffort", "utmost"],
    ["maxTokens", 0],
    ["system", ""]
  ])("are refused when %s is %j", ([name, value]) =>
    Effect.gen(function*() {
      const server = yield* makeOpenAiServer()
      const error = yield* Effect.flip(open({ [name]: value })).pipe(Effect.provide(layer(server)))
      assert.include(error.message, `providerConfig: "${name}" must be`)
    }).pipe(Effect.scoped))
})
