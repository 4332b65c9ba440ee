import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { MockProvider } from "../../src/layers/provider/MockProvider.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { SessionManager } from "../../src/services/SessionManager.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { start } from "../host/anotherHost.js"
import { gatedReply } from "../host/gatedReply.js"
import { script, shown } from "../host/scripted.js"

const runtime = SessionRuntime.layerTest()
const other = MockProvider.make({ name: "other", pattern: "Other: {input}" })
const image = {
  _tag: "Image",
  mediaType: "image/png",
  source: { _tag: "Remote", url: "https://example.com/a.png" }
} as const

describe("configuring a session", () => {
  it.scoped("changes the provider, and the conversation continues", () =>
    Effect.gen(function*() {
      const mock = yield* other
      const session = yield* start
      yield* session.send("one")
      const info = yield* session.configure({ provider: "other", model: "other-model" })
      assert.deepStrictEqual([info.provider, info.model], ["other", "other-model"])
      assert.deepStrictEqual(yield* session.info, info)
      assert.strictEqual((yield* session.send("two")).text, "Other: two")
      const [request] = yield* mock.requests
      assert.deepStrictEqual(request?.messages.map(({ text }) => text), ["one", "You said: one", "two"])
      const events = yield* Effect.flatMap(SessionStore, (store) => store.events(session.id, 0, 100))
      const configured = events.find(({ _tag }) => _tag === "SessionConfigured")
      assert.deepInclude(configured, { provider: "other", model: "other-model" })
    }).pipe(Effect.provide(runtime)))

  it.scoped("waits for the turns accepted before, and applies to those after", () =>
    Effect.gen(function*() {
      yield* other
      const session = yield* start
      const { asked, open, reply } = yield* gatedReply("first")
      yield* script(reply)
      const running = yield* Effect.fork(session.send("one"))
      yield* asked
      const waiting = yield* Effect.fork(session.send("two"))
      yield* Effect.repeat(Effect.yieldNow(), {
        until: () => Effect.map(session.pending, ({ length }) => length === 1)
      })
      const configuring = yield* Effect.fork(session.configure({ provider: "other" }))
      yield* Effect.yieldNow()
      const after = yield* Effect.fork(session.send("three"))
      yield* open
      yield* Fiber.join(configuring)
      assert.deepStrictEqual(
        yield* Effect.forEach([running, waiting, after], (fiber) => Effect.map(Fiber.join(fiber), ({ text }) => text)),
        ["first", "You said: two", "Other: three"]
      )
    }).pipe(Effect.provide(runtime)))

  it.scoped("patches the provider's configuration key by key for the next turn", () =>
    Effect.gen(function*() {
      const sessions = yield* SessionManager
      const session = yield* sessions.create({
        userId: "ada",
        provider: "mock",
        model: "mock-model",
        config: { name: "kept", tags: ["kept"], providerConfig: { pattern: "A: {input}", chunkSize: 3, foreign: true } }
      })
      assert.strictEqual((yield* session.send("one")).text, "A: one")
      yield* session.configure({ providerConfig: { pattern: "B: {input}", chunkSize: null } })
      assert.strictEqual((yield* session.send("two")).text, "B: two")
      const { config } = yield* session.info
      assert.deepStrictEqual(config, {
        name: "kept",
        tags: ["kept"],
        providerConfig: { pattern: "B: {input}", foreign: true }
      })
    }).pipe(Effect.provide(runtime)))

  it.scoped("is refused as a whole when a provider is unknown or rejects its settings", () =>
    Effect.gen(function*() {
      const session = yield* start
      const before = yield* session.info
      for (
        const [changes, problem] of [
          [{ provider: "unknown" }, "there is no provider \"unknown\""],
          [{ model: "m", providerConfig: { errorRate: 7 } }, "errorRate"],
          [{ fallbacks: [{ provider: "unknown", model: "m" }] }, "there is no provider \"unknown\""]
        ] as const
      ) {
        const error = yield* Effect.flip(session.configure(changes))
        assert.strictEqual(error._tag, "ConfigurationError")
        assert.include(error.message, problem)
      }
      assert.strictEqual((yield* Effect.flip(session.configure({ provider: "" })))._tag, "InvalidRequest")
      assert.deepStrictEqual(yield* session.info, before)
      yield* session.archive
      assert.strictEqual((yield* Effect.flip(session.configure({ model: "m" })))._tag, "SessionStateError")
    }).pipe(Effect.provide(runtime)))

  it.scoped("omits parts that the new provider does not accept, with one notice", () =>
    Effect.gen(function*() {
      const blind = yield* MockProvider.make({ name: "words-only", capabilities: { images: [], tools: false } })
      const session = yield* start
      yield* session.send({ content: [{ _tag: "Text", text: "Look:" }, image] })
      yield* session.configure({ provider: "words-only" })
      yield* session.send("and?")
      yield* session.send("so?")
      const [first, second] = yield* blind.requests
      assert.deepStrictEqual(first?.messages[0]?.parts, [
        { _tag: "Text", text: "Look:" },
        { _tag: "Text", text: "[An image (image/png) was left out here.]" }
      ])
      assert.deepStrictEqual(second?.messages[0]?.parts, first?.messages[0]?.parts)
      // The stored message is unchanged, and a provider that accepts the part sees it again.
      yield* session.configure({ provider: "mock" })
      yield* session.send("now?")
      assert.deepStrictEqual((yield* shown).at(-1)?.length, 7)
      const [question] = (yield* session.messages()).items
      assert.deepStrictEqual(question?.parts[1], image)
      const events = yield* Effect.flatMap(SessionStore, (store) => store.events(session.id, 0, 100))
      assert.deepStrictEqual(
        events.flatMap((event) => (event._tag === "TurnNoticed" ? [event.notice] : [])),
        [{ _tag: "PartsOmitted", provider: "words-only", model: "mock-model", kinds: ["Image"] }]
      )
    }).pipe(Effect.provide(runtime)))
})
