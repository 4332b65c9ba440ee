import { LLMock } from "@copilotkit/aimock"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { asking } from "../../domain/conversation.js"
import { reply } from "./chatCompletions.js"

/** An independent implementation of a gateway. */
const makeAimock = Effect.acquireRelease(
  Effect.promise(async () => {
    const aimock = new LLMock({ port: 0, logLevel: "silent" })
    await aimock.start()
    return aimock
  }),
  (aimock) => Effect.promise(() => aimock.stop())
)

describe("ChatCompletionsProvider with aimock as the gateway", () => {
  it.scoped("reads a text", () =>
    Effect.gen(function*() {
      const aimock = yield* makeAimock
      aimock.onMessage("Hello", { content: "Hello to you, 世界!" }, { chunkSize: 4 })
      const events = yield* reply(aimock.url)
      const text = events.map((event) => (event._tag === "TextDelta" ? event.text : "")).join("")
      assert.strictEqual(text, "Hello to you, 世界!")
      assert.isAbove(events.filter(({ _tag }) => _tag === "TextDelta").length, 3)
      const finished = events.at(-1)
      assert(finished?._tag === "Finished")
      assert.deepInclude(finished, { reason: "complete", metadata: { model: "some-model" } })
      assert.isAbove(finished.usage?.outputTokens ?? 0, 0)
    }))

  it.scoped("reads a tool call", () =>
    Effect.gen(function*() {
      const aimock = yield* makeAimock
      const toolCalls = [{ id: "call_1", name: "weather", arguments: "{\"city\":\"Turin\",\"days\":[1,2]}" }]
      aimock.onMessage("weather", { toolCalls })
      const tools = [{ name: "weather", parameters: { type: "object" } }]
      const events = yield* reply(aimock.url, asking("weather?"), { tools })
      assert.deepStrictEqual(events.flatMap((event) => (event._tag === "ToolCall" ? [event.part] : [])), [
        { _tag: "ToolCall", id: "call_1", name: "weather", arguments: { city: "Turin", days: [1, 2] } }
      ])
      assert.deepInclude(events.at(-1), { _tag: "Finished", reason: "toolCalls" })
    }))

  it.scoped.each([429, 500])(
    "fails with ProviderTransient on HTTP %d, after one request",
    (status) =>
      Effect.gen(function*() {
        const aimock = yield* makeAimock
        aimock.onMessage("Hello", { content: "Hello" })
        aimock.nextRequestError(status, { message: "later", type: "some_error" })
        const error = yield* Effect.flip(reply(aimock.url))
        assert.deepInclude(error, { _tag: "ProviderTransient", reason: `HTTP ${status}, some_error` })
        assert.strictEqual(aimock.getRequests().length, 1)
        assert.strictEqual((yield* reply(aimock.url)).at(-1)?._tag, "Finished")
      })
  )

  it.scoped("fails when the stream is cut", () =>
    Effect.gen(function*() {
      const aimock = yield* makeAimock
      aimock.onMessage("Hello", { content: "one two three four five" }, { chunkSize: 4, truncateAfterChunks: 3 })
      const error = yield* Effect.flip(reply(aimock.url))
      assert.strictEqual(error._tag, "ProviderProtocol")
    }))
})
