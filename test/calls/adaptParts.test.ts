import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Message, type Part } from "../../src/domain/Message.js"
import type { ProviderCapabilities } from "../../src/domain/Provider.js"
import { adaptParts } from "../../src/services/internal/calls/contextWindow.js"
import type { Provider } from "../../src/services/Provider.js"
import { entry } from "../host/steps.js"

const providerWith = (over: Partial<ProviderCapabilities>): Provider => ({
  name: "mock",
  capabilities: { conversation: "stateless", images: [], files: [], tools: false, ...over },
  open: () => Effect.die("is not opened here")
})

const text: Part = { _tag: "Text", text: "Look" }
const image: Part = { _tag: "Image", mediaType: "image/png", source: { _tag: "Inline", base64: "AAAA" } }
const file: Part = {
  _tag: "File",
  name: "report.pdf",
  mediaType: "application/pdf",
  source: { _tag: "Inline", base64: "AAAA" }
}
const call: Part = { _tag: "ToolCall", id: "a", name: "weather", arguments: { city: "Turin" } }
const result: Part = { _tag: "ToolResult", id: "a", result: "sunny", isError: false }
const opaque = (provider: string): Part => ({ _tag: "Opaque", provider, kind: "thinking", data: "{}" })

const adapt = (
  parts: ReadonlyArray<Part>,
  over: Partial<ProviderCapabilities> = {},
  role: Message["role"] = "user"
) => {
  const { messages, omitted } = adaptParts([new Message(entry(1, role, parts))], providerWith(over))
  return {
    parts: messages.flatMap((message) => message.parts),
    omitted: [...omitted],
    roles: messages.map((m) => m.role)
  }
}

describe("adaptParts", () => {
  it("returns the messages unchanged when the provider accepts all parts", () => {
    const messages = [new Message(entry(1, "user", [text, image, file, call, result, opaque("mock")]))]
    const adapted = adaptParts(messages, providerWith({ images: ["image/*"], files: ["application/pdf"], tools: true }))
    assert.strictEqual(adapted.messages, messages)
    assert.strictEqual(adapted.omitted.size, 0)
  })

  it.each<[ReadonlyArray<string>, taken: boolean]>([
    [["image/png"], true],
    [["image/*"], true],
    [["*/*"], true],
    [["image/jpeg", "image/gif"], false],
    [["image"], false],
    [[], false]
  ])("accepts a PNG where images are %o: %s", (images, taken) => {
    assert.deepStrictEqual(adapt([image], { images }).omitted, taken ? [] : ["Image"])
  })

  it("replaces each unsupported part by a line that names it without its content", () => {
    const { omitted, parts } = adapt([text, image, file, call, result])
    assert.deepStrictEqual(omitted, ["Image", "File", "ToolCall", "ToolResult"])
    assert.deepStrictEqual(parts, [
      text,
      { _tag: "Text", text: "[An image (image/png) was left out here.]" },
      { _tag: "Text", text: "[The file \"report.pdf\" (application/pdf) was left out here.]" },
      { _tag: "Text", text: "[The tool \"weather\" was called with {\"city\":\"Turin\"}.]" },
      { _tag: "Text", text: "[The tool answered: sunny]" }
    ])
  })

  it("omits parts that only another provider can read, and messages of nothing else", () => {
    assert.deepStrictEqual(adapt([opaque("other"), text]), { parts: [text], omitted: ["Opaque"], roles: ["user"] })
    assert.deepStrictEqual(adapt([opaque("other")]), { parts: [], omitted: ["Opaque"], roles: [] })
  })

  it("turns tool messages into user messages for a provider without tools", () => {
    assert.deepStrictEqual(adapt([result], {}, "tool").roles, ["user"])
    assert.deepStrictEqual(adapt([result, image], { tools: true }, "tool").roles, ["tool"])
  })

  it("does not mutate the messages", () => {
    const message = new Message(entry(1, "user", [image]))
    adaptParts([message], providerWith({}))
    assert.deepStrictEqual(message.parts, [image])
  })
})
