import { assert, describe, it } from "@effect/vitest"
import { Chunk, Effect, Stream } from "effect"
import { SessionId } from "../../../src/domain/Ids.js"
import { MockProvider } from "../../../src/layers/provider/MockProvider.js"
import { ProviderEvent } from "../../../src/services/Provider.js"
import { ProviderRegistry } from "../../../src/services/ProviderRegistry.js"
import { asking, sessionId } from "../../domain/conversation.js"
import { layer, reply, script } from "./mock.js"

const holding = layer({ capabilities: { conversation: "cursor" } })

/** Makes a call and returns whether it replayed the history, and its cursor. */
const ask = Effect.fnUntraced(function*(cursor?: string, session = sessionId) {
  const hold = cursor === undefined ? {} : { known: { cursor, seq: 1 } }
  const events = yield* reply({ ...asking("Hi"), sessionId: session, hold })
  const finished = events.at(-1)
  assert(finished?._tag === "Finished")
  return { isReplayed: events[0]?._tag === "Notice", cursor: finished.cursor, events }
})

const forget = (cursor: string) =>
  Effect.gen(function*() {
    const registry = yield* ProviderRegistry
    const provider = yield* registry.get("mock")
    assert(provider.forget)
    yield* provider.forget(cursor)
  })

describe("MockProvider with conversations", () => {
  it.effect("gives each session a cursor that is the same in each run, and keeps it", () =>
    Effect.gen(function*() {
      const other = SessionId.make("other")
      const first = yield* ask()
      assert.deepStrictEqual([first.cursor, first.isReplayed], ["mock-session-1", false])
      assert.strictEqual((yield* ask(undefined, other)).cursor, "mock-other-1")
      assert.deepInclude(yield* ask("mock-session-1"), { cursor: "mock-session-1", isReplayed: false })
    }).pipe(Effect.provide(holding)))

  it.effect("accepts a cursor from another run", () =>
    Effect.gen(function*() {
      assert.deepInclude(yield* ask("of-another-run"), { cursor: "of-another-run", isReplayed: false })
    }).pipe(Effect.provide(holding)))

  it.effect("emits HistoryReplayed first and once when a conversation has expired, and begins a new one", () =>
    Effect.gen(function*() {
      const { expireConversations } = yield* MockProvider
      yield* ask()
      yield* expireConversations
      const { events, ...replayed } = yield* ask("mock-session-1")
      assert.deepStrictEqual(replayed, { isReplayed: true, cursor: "mock-session-2" })
      assert.deepStrictEqual(
        events[0],
        ProviderEvent.Notice({ notice: { _tag: "HistoryReplayed", provider: "mock", model: "mock-model" } })
      )
      assert.deepInclude(yield* ask("mock-session-2"), { cursor: "mock-session-2", isReplayed: false })
      assert.deepInclude(yield* ask("mock-session-1"), { isReplayed: true })
      yield* expireConversations
      assert.deepInclude(yield* ask("mock-session-2"), { cursor: "mock-session-3", isReplayed: true })
      assert.deepInclude(yield* ask(), { cursor: "mock-session-3", isReplayed: false })
    }).pipe(Effect.provide(holding)))

  it.effect("keeps a scripted cursor until it has expired", () =>
    Effect.gen(function*() {
      const { expireConversations } = yield* MockProvider
      yield* expireConversations
      yield* script({ text: "Hi", end: ProviderEvent.Finished({ reason: "complete", cursor: "scripted" }) })
      assert.deepInclude(yield* ask(), { cursor: "scripted" })
      assert.deepInclude(yield* ask("scripted"), { cursor: "scripted", isReplayed: false })
      yield* expireConversations
      assert.deepInclude(yield* ask("scripted"), { cursor: "mock-session-3", isReplayed: true })
    }).pipe(Effect.provide(holding)))

  it.effect("lists forgotten cursors, and treats them as gone", () =>
    Effect.gen(function*() {
      const { forgotten } = yield* MockProvider
      assert.deepStrictEqual(yield* forgotten, [])
      yield* ask()
      yield* forget("mock-session-1")
      yield* forget("elsewhere")
      assert.deepStrictEqual(yield* forgotten, ["mock-session-1", "elsewhere"])
      assert.deepInclude(yield* ask("mock-session-1"), { cursor: "mock-session-2", isReplayed: true })
      assert.deepInclude(yield* ask("mock-session-2"), { cursor: "mock-session-2", isReplayed: false })
    }).pipe(Effect.provide(holding)))

  it.effect("holds no conversation when the request does not allow it, or when the call fails", () =>
    Effect.gen(function*() {
      const finished = (yield* reply(asking("Hi"))).at(-1)
      assert(finished?._tag === "Finished")
      assert.notProperty(finished, "cursor")
      yield* script({ text: ["Hi"], end: "cut" })
      assert.deepStrictEqual((yield* reply({ ...asking("Hi"), hold: {} })).map(({ _tag }) => _tag), ["TextDelta"])
    }).pipe(Effect.provide(holding)))

  it.effect("is stateless by default, with the given capabilities", () =>
    Effect.gen(function*() {
      yield* MockProvider.make({ name: "plain", vendor: "openai", capabilities: { images: [], tools: false } })
      const registry = yield* ProviderRegistry
      const plain = yield* registry.get("plain")
      assert.deepInclude(plain, { vendor: "openai" })
      assert.notProperty(plain, "forget")
      assert.deepStrictEqual(plain.capabilities, {
        conversation: "stateless",
        images: [],
        files: ["*/*"],
        tools: false
      })
      const session = yield* plain.open({ sessionId, model: "mock-model", config: {} })
      const events = yield* Stream.runCollect(
        session.respond({ ...asking("Hi"), hold: { known: { cursor: "c", seq: 1 } } })
      )
      const finished = Chunk.unsafeLast(events)
      assert(finished._tag === "Finished")
      assert.notProperty(finished, "cursor")
    }).pipe(Effect.scoped, Effect.provide(layer())))
})
