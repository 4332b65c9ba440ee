import { Effect } from "effect"
import { ProviderTransient } from "../../src/domain/error/ProviderError.js"
import { MockProvider } from "../../src/layers/provider/MockProvider.js"
import { SessionManager } from "../../src/services/SessionManager.js"

const tinyImage = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

/**
 * Creates sessions of all kinds: forks, rewinds, gaps, tools, images, cut replies, failed turns, contexts, tags and text in many
 * scripts. Returns their ids.
 */
export const everyKind = Effect.gen(function*() {
  const sessions = yield* SessionManager
  const mock = yield* MockProvider
  const start = (over: object = {}) =>
    sessions.create({ userId: "ada", provider: "mock", model: "mock-model", ...over })

  const talk = yield* start({
    config: {
      name: "A \"talk\" \\ of 'all'",
      tags: ["one", "zwei", "три"],
      autoArchiveAfter: "7 days",
      maxMessages: 1000
    },
    context: { user: { name: "Ada", nested: { list: [1, null, "x", 0.1] } } }
  })
  yield* talk.send({ content: "naïve 🧵 \u202e مرحبا \0 end", metadata: { "a key": [true] }, key: "key-1" })
  yield* talk.updateContext({ conversation: { topic: "verse" } })
  const kept = yield* talk.send("second")
  yield* talk.updateContext({ conversation: { topic: "prose" } })
  yield* talk.send("to be rewound")
  yield* talk.rewind({ to: kept.id })
  yield* talk.send("after the rewind")
  const fork = yield* talk.fork({ userId: "bob" })
  yield* fork.send("in the fork")
  const early = yield* talk.fork({ at: kept.id })
  yield* early.updateContext({ system: { early: true } })

  const parts = yield* start()
  yield* parts.send({
    content: [
      { _tag: "Text", text: "look" },
      { _tag: "Image", mediaType: "image/png", source: { _tag: "Inline", base64: tinyImage } },
      {
        _tag: "File",
        name: "a \"file\".pdf",
        mediaType: "application/pdf",
        source: { _tag: "Remote", url: "https://example.com/a?b=c#d" }
      }
    ]
  })
  yield* mock.script([{
    toolCalls: [{ _tag: "ToolCall", id: "call-1", name: "weather", arguments: { city: "Zürich", days: [1, 2] } }]
  }])
  yield* parts.send("what is the weather?")
  yield* parts.send({ content: [{ _tag: "ToolResult", id: "call-1", result: "rain", isError: false }] })
  yield* parts.sendSystem("Be brief.")

  const broken = yield* start()
  yield* mock.script([{ text: ["half of"], end: "cut" }, {
    end: new ProviderTransient({ provider: "mock", reason: "overloaded" })
  }])
  yield* Effect.ignore(broken.send("break off"))
  yield* Effect.ignore(broken.send("fail"))

  const cleared = yield* start({ userId: "bob" })
  yield* cleared.send("gone")
  yield* cleared.clear
  yield* cleared.send("after it was cleared")

  const archived = yield* start()
  yield* archived.send("last words")
  yield* archived.archive

  const silent = yield* start({ config: { description: "nothing was said" } })
  return [talk, fork, early, parts, broken, cleared, archived, silent].map(({ id }) => id)
})
