import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { ProviderProtocol, ProviderRejected, ProviderTransient } from "../../src/domain/error/ProviderError.js"
import { MockProvider } from "../../src/layers/provider/MockProvider.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { MiddlewarePipeline } from "../../src/services/MiddlewarePipeline.js"
import { ProviderEvent } from "../../src/services/Provider.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { anotherHost, prompt, start } from "../host/anotherHost.js"
import { gatedReply } from "../host/gatedReply.js"
import { script } from "../host/scripted.js"
import { spokenReply } from "../host/spokenReply.js"

const runtime = SessionRuntime.layerTest({ capabilities: { conversation: "cursor" }, providerRetries: 1 })

/** The `hold` of each call: none, empty (a copy may be made), or the end of the copy. */
const held = Effect.map(
  Effect.flatMap(MockProvider, (mock) => mock.requests),
  (requests) => requests.map(({ hold }) => hold && (hold.known?.seq ?? "new"))
)
const forgotten = Effect.flatMap(MockProvider, (mock) => mock.forgotten)
const broken = new ProviderProtocol({ provider: "mock", reason: "it fell silent" })

describe("a conversation that its provider holds", () => {
  it.scoped("is resumed after the last message that the provider has", () =>
    Effect.gen(function*() {
      const session = yield* start
      yield* session.send("one")
      const { cursor } = yield* session.info
      assert.deepInclude(cursor, { provider: "mock", seq: 2 })
      yield* session.sendSystem("be brief")
      yield* session.send("two")
      assert.deepStrictEqual(yield* held, ["new", 2])
      assert.deepStrictEqual((yield* session.info).cursor, { ...cursor, seq: 5 })
      assert.deepStrictEqual(yield* forgotten, [])
    }).pipe(Effect.provide(runtime)))

  it.scoped("is resumed by a later process", () =>
    Effect.gen(function*() {
      const session = yield* start
      yield* session.send("one")
      const { host } = yield* anotherHost()
      yield* host.send(session.id, prompt("two"))
      assert.deepStrictEqual(yield* held, ["new", 2])
    }).pipe(Effect.provide(runtime)))

  it.scoped("is replayed when the provider's copy no longer exists, with a notice in the feed", () =>
    Effect.gen(function*() {
      const session = yield* start
      yield* session.send("one")
      const before = (yield* session.info).cursor
      yield* Effect.flatMap(MockProvider, (mock) => mock.expireConversations)
      yield* session.send("two")
      const after = (yield* session.info).cursor
      assert.strictEqual(after?.seq, 4)
      assert.notStrictEqual(after?.value, before?.value)
      const events = yield* Effect.flatMap(SessionStore, (store) => store.events(session.id, 0, 100))
      const notices = events.flatMap((event) => (event._tag === "TurnNoticed" ? [event.notice] : []))
      assert.deepStrictEqual(notices, [{ _tag: "HistoryReplayed", provider: "mock", model: "mock-model" }])
    }).pipe(Effect.provide(runtime)))

  it.scoped("is abandoned, and deleted at the provider, when a turn leaves it in doubt", () =>
    Effect.gen(function*() {
      const session = yield* start
      yield* session.send("one")
      const first = (yield* session.info).cursor?.value
      yield* script({ end: broken })
      yield* Effect.flip(session.send("two"))
      assert.notProperty(yield* session.info, "cursor")
      yield* session.send("three")
      assert.deepStrictEqual(yield* held, ["new", 2, "new"])
      assert.deepStrictEqual(yield* forgotten, [first ?? ""])
    }).pipe(Effect.provide(runtime)))

  it.scoped("is abandoned when its turn is stopped mid-reply", () =>
    Effect.gen(function*() {
      const session = yield* start
      yield* session.send("one")
      const { asked, reply } = yield* gatedReply("never said")
      yield* script(reply)
      const fiber = yield* Effect.fork(session.send("two"))
      yield* asked
      yield* session.stop()
      yield* Effect.flip(Fiber.join(fiber))
      assert.notProperty(yield* session.info, "cursor")
      assert.lengthOf(yield* forgotten, 1)
    }).pipe(Effect.provide(runtime)))

  it.scoped("is abandoned by the process that recovers a turn with a lost call", () =>
    Effect.gen(function*() {
      const session = yield* start
      yield* session.send("one")
      const spoken = yield* spokenReply
      yield* script(spoken.reply)
      yield* Effect.fork(session.submit("two"))
      yield* spoken.say("half")
      const { host } = yield* anotherHost()
      yield* host.send(session.id, prompt("three"))
      assert.deepStrictEqual((yield* held).slice(0, 3), ["new", 2, "new"])
      assert.lengthOf(yield* forgotten, 1)
    }).pipe(Effect.provide(runtime)))

  it.scoped("is resumed after a call that is known not to have started", () =>
    Effect.gen(function*() {
      const session = yield* start
      yield* session.send("one")
      yield* script(
        { end: new ProviderTransient({ provider: "mock", reason: "busy", retryAfterMs: 3_600_000 }) },
        { end: new ProviderRejected({ provider: "mock", reason: "HTTP 400" }) }
      )
      yield* Effect.flip(session.send("two"))
      yield* Effect.flip(session.send("three"))
      yield* session.send("four")
      assert.deepStrictEqual(yield* held, ["new", 2, 2, 2])
      assert.deepStrictEqual(yield* forgotten, [])
    }).pipe(Effect.provide(runtime)))

  it.scoped("is started again when it is too long for the model, and the old copy is deleted", () =>
    Effect.gen(function*() {
      const session = yield* start
      yield* session.send("one")
      const first = (yield* session.info).cursor?.value
      yield* script({ end: new ProviderRejected({ provider: "mock", reason: "HTTP 400", overflow: true }) })
      yield* session.send("two")
      assert.deepStrictEqual(yield* held, ["new", 2, "new"])
      assert.deepStrictEqual(yield* forgotten, [first ?? ""])
      assert.strictEqual((yield* session.info).cursor?.seq, 4)
    }).pipe(Effect.provide(runtime)))

  it.scoped("is started again after a rewind to before its end, after a clear, and in a fork", () =>
    Effect.gen(function*() {
      const session = yield* start
      const first = yield* session.send("one")
      yield* session.send("two")
      yield* session.rewind({ to: first.id })
      assert.notProperty(yield* session.info, "cursor")
      yield* session.send("three")
      yield* session.clear
      yield* session.send("four")
      assert.deepStrictEqual(yield* held, ["new", 2, "new", "new"])
      assert.lengthOf(yield* forgotten, 2)
      const fork = yield* session.fork()
      assert.notProperty(yield* fork.info, "cursor")
      yield* fork.send("five")
      assert.strictEqual((yield* held).at(-1), "new")
      yield* session.send("six")
      assert.strictEqual((yield* held).at(-1), 8)
    }).pipe(Effect.provide(runtime)))

  it.scoped("is kept by a rewind to after its end", () =>
    Effect.gen(function*() {
      const session = yield* start
      const first = yield* session.send("one")
      yield* session.sendSystem("be brief")
      yield* session.rewind({ to: first.id })
      yield* session.send("two")
      assert.deepStrictEqual(yield* held, ["new", 2])
    }).pipe(Effect.provide(runtime)))

  it.scoped("is deleted with its session", () =>
    Effect.gen(function*() {
      const session = yield* start
      yield* session.send("one")
      const value = (yield* session.info).cursor?.value
      yield* session.delete
      assert.deepStrictEqual(yield* forgotten, [value ?? ""])
    }).pipe(Effect.provide(runtime)))

  it.scoped("is kept while another provider answers, and then gets the missed messages", () =>
    Effect.gen(function*() {
      yield* MockProvider.make({ name: "other" })
      const session = yield* start
      yield* session.send("one")
      yield* session.configure({ provider: "other" })
      yield* session.send("two")
      yield* session.configure({ provider: "mock" })
      yield* session.send("three")
      assert.deepStrictEqual(yield* held, ["new", 2])
      const requests = yield* Effect.flatMap(MockProvider, (mock) => mock.requests)
      assert.deepStrictEqual(requests[1]?.messages.map(({ seq }) => seq), [1, 2, 3, 4, 5])
    }).pipe(Effect.provide(runtime)))

  it.scoped("is started again when the missed messages exceed the context window", () =>
    Effect.gen(function*() {
      yield* MockProvider.make({ name: "other" })
      const session = yield* start
      yield* session.send("one")
      yield* session.configure({ provider: "other" })
      for (let turn = 0; turn < 50; turn++) yield* session.send("more")
      yield* session.configure({ provider: "mock" })
      yield* session.send("three")
      assert.deepStrictEqual(yield* held, ["new", "new"])
    }).pipe(Effect.provide(runtime)))

  it.scoped("is not held while middleware may change messages", () =>
    Effect.gen(function*() {
      const pipeline = yield* MiddlewarePipeline
      const session = yield* start
      yield* session.send("one")
      yield* Effect.scoped(Effect.gen(function*() {
        yield* pipeline.add({ name: "turns", turn: (request) => Effect.succeed(request) })
        yield* session.send("two")
      }))
      yield* Effect.scoped(Effect.gen(function*() {
        yield* pipeline.add({ name: "replies", reply: (reply) => Effect.succeed(reply) })
        yield* session.send("three")
      }))
      yield* session.send("four")
      assert.deepStrictEqual(yield* held, ["new", undefined, undefined, 2])
    }).pipe(Effect.provide(runtime)))

  it.scoped("is not held by a fallback", () =>
    Effect.gen(function*() {
      const second = yield* MockProvider.make({ name: "second", capabilities: { conversation: "cursor" } })
      const session = yield* start
      yield* session.configure({ fallbacks: [{ provider: "second", model: "m" }] })
      yield* session.send("one")
      yield* script({ end: new ProviderRejected({ provider: "mock", reason: "HTTP 404" }) })
      yield* session.send("two")
      assert.deepStrictEqual((yield* second.requests).map(({ hold }) => hold), [undefined])
      yield* session.send("three")
      assert.deepStrictEqual(yield* held, ["new", 2, 2])
      assert.deepInclude((yield* session.info).cursor, { provider: "mock", seq: 6 })
    }).pipe(Effect.provide(runtime)))

  it.scoped("deletes the copy of a reply that is not kept", () =>
    Effect.gen(function*() {
      const session = yield* start
      yield* script({ text: " ", end: ProviderEvent.Finished({ reason: "complete", cursor: "empty" }) })
      yield* Effect.flip(session.send("one"))
      assert.notProperty(yield* session.info, "cursor")
      assert.deepStrictEqual(yield* forgotten, ["empty"])
    }).pipe(Effect.provide(runtime)))

  it.scoped("is not requested from a provider that holds none", () =>
    Effect.gen(function*() {
      const session = yield* start
      yield* session.send("one")
      yield* session.send("two")
      assert.deepStrictEqual(yield* held, [undefined, undefined])
      assert.notProperty(yield* session.info, "cursor")
    }).pipe(Effect.provide(SessionRuntime.layerTest())))
})
