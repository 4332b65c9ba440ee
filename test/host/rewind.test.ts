import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import type { ToolCallPart } from "../../src/domain/Message.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { ProviderEvent } from "../../src/services/Provider.js"
import { anotherHost, start, texts } from "./anotherHost.js"
import { gatedReply } from "./gatedReply.js"
import { runningTurn } from "./runningTurn.js"
import { script, shown } from "./scripted.js"

const call = (id: string): ToolCallPart => ({ _tag: "ToolCall", id, name: "search", arguments: {} })

const closed = (id: string) => ({
  _tag: "ToolResult" as const,
  id,
  result: "The tool was not run.",
  isError: true,
  unanswered: true as const
})

describe("rewind", () => {
  it.scoped("hides later messages from the provider, but keeps them readable", () =>
    Effect.gen(function*() {
      const session = yield* start
      const reply = yield* session.send("one")
      yield* session.send("two")
      yield* session.rewind({ to: reply.id })
      assert.deepStrictEqual(yield* texts(session.id), ["one", "You said: one"])
      assert.strictEqual((yield* session.info).messageCount, 2)
      yield* session.send("three")
      assert.deepStrictEqual((yield* shown).at(-1), ["one", "You said: one", "three"])
      const { items } = yield* session.messages({ rewound: true })
      assert.deepStrictEqual(items.map(({ seq, text }) => [seq, text]), [
        [1, "one"],
        [2, "You said: one"],
        [3, "two"],
        [4, "You said: two"],
        [5, "three"],
        [6, "You said: three"]
      ])
      const { host } = yield* anotherHost()
      yield* host.send(session.id, { content: "four" })
      assert.deepStrictEqual((yield* shown).at(-1), ["one", "You said: one", "three", "You said: three", "four"])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("restores the context of that point as a new version", () =>
    Effect.gen(function*() {
      const session = yield* start
      yield* session.updateContext({ user: { level: 1 } })
      yield* session.send("one")
      const [question] = (yield* session.messages()).items
      yield* session.updateContext({ user: { level: 2 } })
      yield* session.send("two")
      yield* session.rewind({ to: question?.id ?? "" })
      const context = yield* session.context
      assert.deepStrictEqual([context.user, context.version], [{ level: 1 }, 4])
      yield* session.rewind({ to: question?.id ?? "" })
      assert.strictEqual((yield* session.context).version, 4)
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("answers the tool calls that it leaves open", () =>
    Effect.gen(function*() {
      const session = yield* start
      yield* script({ toolCalls: [call("a"), call("b")] })
      const asking = yield* session.send("look it up")
      const results = ["a", "b"].map((id) => ({ _tag: "ToolResult", id, result: "found", isError: false }) as const)
      yield* session.send({ content: results })
      yield* session.rewind({ to: asking.id })
      const { items } = yield* session.messages()
      assert.deepStrictEqual(items.map(({ role }) => role), ["user", "assistant", "tool"])
      assert.deepStrictEqual(items.at(-1)?.parts, [closed("a"), closed("b")])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("waits for the turns that were accepted before it", () =>
    Effect.gen(function*() {
      const session = yield* start
      const { id: to } = yield* session.send("one")
      const { open } = yield* runningTurn(session, "two", "second")
      const rewind = yield* Effect.fork(session.rewind({ to }))
      const next = yield* Effect.fork(session.send("three"))
      yield* Effect.yieldNow()
      assert.lengthOf(yield* texts(session.id), 3)
      yield* open
      yield* Fiber.join(rewind)
      yield* Fiber.join(next)
      assert.deepStrictEqual(yield* texts(session.id), ["one", "You said: one", "three", "You said: three"])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("fails for a message that does not exist", () =>
    Effect.gen(function*() {
      const session = yield* start
      yield* session.send("one")
      assert.strictEqual((yield* Effect.flip(session.rewind({ to: "never-there" })))._tag, "MessageNotFound")
      assert.strictEqual((yield* session.send("two")).seq, 4)
    }).pipe(Effect.provide(SessionRuntime.layerTest())))
})

describe("an unanswered tool call", () => {
  it.scoped("is answered before the next question, unless the question answers it", () =>
    Effect.gen(function*() {
      const session = yield* start
      yield* script({ toolCalls: [call("a"), call("b")] })
      yield* session.send("look it up")
      yield* session.send({ content: [{ _tag: "ToolResult", id: "b", result: "found", isError: false }] })
      const { items } = yield* session.messages()
      assert.deepStrictEqual(items.map(({ role }) => role), ["user", "assistant", "tool", "user", "assistant"])
      assert.deepStrictEqual(items[2]?.parts, [closed("a")])
      yield* session.send("never mind")
      assert.lengthOf((yield* session.messages()).items, 7)
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("is answered when its turn is aborted after it", () =>
    Effect.gen(function*() {
      const session = yield* start
      yield* script({ toolCalls: [call("a")], end: ProviderEvent.Finished({ reason: "paused" }) }, { end: "cut" })
      assert.strictEqual((yield* Effect.flip(session.send("look it up")))._tag, "ProviderProtocol")
      const { items } = yield* session.messages()
      assert.deepStrictEqual(items.map(({ role }) => role), ["user", "assistant", "tool"])
      assert.deepStrictEqual(items[2]?.parts, [closed("a")])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("is answered by a later owner when its turn was lost", () =>
    Effect.gen(function*() {
      const session = yield* start
      const { asked, reply } = yield* gatedReply("never")
      yield* script({ toolCalls: [call("a")], end: ProviderEvent.Finished({ reason: "paused" }) }, reply)
      yield* session.submit("look it up")
      yield* asked
      yield* anotherHost()
      const { items } = yield* session.messages()
      assert.deepStrictEqual(items.map(({ role }) => role), ["user", "assistant", "tool"])
      assert.deepStrictEqual((yield* session.turns).map(({ status }) => status), ["interrupted"])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))
})
