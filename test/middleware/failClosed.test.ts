import { NodeFileSystem } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Layer, Stream, TestClock } from "effect"
import { ProviderRejected } from "../../src/domain/error/ProviderError.js"
import type { SessionEvent } from "../../src/domain/Events.js"
import { MockProvider } from "../../src/layers/provider/MockProvider.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import * as SqliteSessionStore from "../../src/layers/store/SqliteSessionStore.js"
import { HookBus } from "../../src/services/HookBus.js"
import { IdGenerator } from "../../src/services/IdGenerator.js"
import { MiddlewareRefusal } from "../../src/services/Middleware.js"
import { MiddlewarePipeline } from "../../src/services/MiddlewarePipeline.js"
import { Pricing } from "../../src/services/Pricing.js"
import { ProviderEvent } from "../../src/services/Provider.js"
import { ProviderRegistry } from "../../src/services/ProviderRegistry.js"
import type { Session } from "../../src/services/Session.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { start, texts } from "../host/anotherHost.js"
import { listening } from "../host/listening.js"
import { script, shown } from "../host/scripted.js"
import { spokenReply } from "../host/spokenReply.js"
import { temporaryFile } from "../store/temporaryFile.js"
import { withCapturedLogs } from "./capturedLogs.js"
import { add } from "./pipeline.js"
import { type StageFault, stageFaults } from "./stageFaults.js"

/** `SessionRuntime.layerTest`, but with a database file. */
const onDisk = SessionRuntime.layer({ drainTimeout: 0, providerRetries: 0 }).pipe(
  Layer.provideMerge(Layer.mergeAll(
    Layer.unwrapScoped(
      Effect.map(temporaryFile, (filename) => SqliteSessionStore.layer({ filename, durability: "process" }))
    ).pipe(Layer.provide(NodeFileSystem.layer)),
    IdGenerator.layerTest,
    Pricing.layerUnknown,
    MockProvider.layer().pipe(Layer.provideMerge(ProviderRegistry.layer())),
    MiddlewarePipeline.layer(),
    HookBus.layer()
  ))
)

/** Everything a store has of a session. */
const stored = ({ id }: Session) =>
  Effect.flatMap(SessionStore, (store) =>
    Effect.all([
      store.messages(id, {}),
      store.turns(id, 100),
      store.events(id, 0, 1000),
      store.context(id),
      store.metrics(id),
      store.export(id),
      store.get(id)
    ]))

/** A reply with the canary wherever a reply can have text. */
const secrets: ReadonlyArray<ProviderEvent> = [
  ProviderEvent.TextDelta({ text: "canary" }),
  ProviderEvent.ToolCall({ part: { _tag: "ToolCall", id: "1", name: "search", arguments: { canary: "canary" } } }),
  ProviderEvent.Opaque({ part: { _tag: "Opaque", provider: "mock", kind: "thinking", data: "canary", text: "canary" } })
]

/** Records the events of a hook. */
const hooked = Effect.gen(function*() {
  const seen: Array<SessionEvent> = []
  const bus = yield* HookBus
  yield* bus.add({ name: "seen", on: (event) => Effect.sync(() => void seen.push(event)) })
  return { seen, flush: bus.flush }
})

const failing = ([stage, , fault]: StageFault) =>
  withCapturedLogs((lines) =>
    Effect.gen(function*() {
      const { flush, seen } = yield* hooked
      const [session, other] = [yield* start, yield* start]
      const told: Array<string> = []
      const called = yield* Deferred.make<void>()
      if (stage === "reply") {
        yield* script(() =>
          Stream.fromEffect(Deferred.succeed(called, undefined)).pipe(
            Stream.drain,
            Stream.concat(Stream.fromIterable(secrets)),
            Stream.concat(Stream.make(ProviderEvent.Finished({ reason: "toolCalls" })))
          )
        )
      }
      const watched = yield* listening(session.watch())
      yield* watched.until(() => true)
      yield* Effect.scoped(Effect.gen(function*() {
        yield* add({
          name: "broken",
          when: (context) => context.session.id === session.id,
          onError: (error) => Effect.sync(() => void told.push(error.stage)),
          ...fault
        })
        const stream = yield* listening(session.stream(stage === "admission" ? "canary" : "Hello"))
        if (stage === "reply") yield* Deferred.await(called)
        // At once, whatever happens to the other turn.
        assert.strictEqual((yield* other.send("Hi")).text, "You said: Hi")
        yield* TestClock.adjust("2 seconds")
        const error = yield* Effect.flip(stream.end)
        assert.deepInclude(error, { _tag: "MiddlewareError", middleware: "broken", stage, sessionId: session.id })
        assert.deepStrictEqual(told, [stage])
        const news: ReadonlyArray<string> = stream.heard.map(({ _tag }) => _tag)
        assert.deepStrictEqual(
          news,
          { admission: [], turn: ["TurnAccepted"], reply: ["TurnAccepted", "TurnStarted"] }[stage]
        )
        yield* flush
        assert.notInclude(
          JSON.stringify([error, error.message, stream.heard, watched.heard, seen, lines, yield* stored(session)]),
          "canary"
        )
      }))
      assert.deepStrictEqual(
        (yield* session.turns).map(({ error, status }) => `${status}: ${error?._tag}`),
        stage === "admission" ? [] : ["failed: MiddlewareError"]
      )
      assert.deepStrictEqual(yield* texts(session.id), stage === "reply" ? ["Hello"] : [])
      assert.strictEqual((yield* session.metrics).providerCalls, Number(stage === "reply"))
      // The session continues, and the provider never receives the text.
      assert.strictEqual((yield* session.send("next")).text, "You said: next")
      assert.strictEqual((yield* other.send("next")).text, "You said: next")
      assert.notInclude(JSON.stringify(yield* shown), "canary")
    }).pipe(Effect.scoped)
  )

const refusing = () => new MiddlewareRefusal({ reason: "no" })

describe("a required middleware", () => {
  it.effect.each(stageFaults)(
    "rows 47, 48: at %s that %s fails only its turn, and nothing unfiltered is stored, shown, published or logged",
    (fault) => Effect.provide(failing(fault), SessionRuntime.layerTest())
  )

  it.effect.each(stageFaults.filter(([, does]) => does === "dies" || does === "returns undefined"))(
    "rows 47, 48: at %s that %s leaves nothing unfiltered in a database file",
    (fault) => Effect.provide(failing(fault), onDisk)
  )

  it.scoped("holds back a reply that is cut short by a stop, its deadline or its provider", () =>
    Effect.gen(function*() {
      yield* add({ name: "broken", reply: refusing })
      const session = yield* start
      const watched = yield* listening(session.watch())
      const stopped = yield* spokenReply
      yield* script(stopped.reply)
      const first = yield* listening(session.stream("one"))
      yield* stopped.asked
      yield* stopped.say("canary")
      // Long enough for a draft.
      yield* TestClock.adjust("2 seconds")
      yield* session.stop()
      yield* Effect.flip(first.end)
      const late = yield* spokenReply
      yield* script(late.reply)
      const second = yield* listening(session.stream({ content: "two", timeout: "3 seconds" }))
      yield* late.asked
      yield* late.say("canary")
      yield* TestClock.adjust("3 seconds")
      yield* Effect.flip(second.end)
      yield* script({ text: "canary", end: "cut" }, {
        text: "canary",
        end: new ProviderRejected({ provider: "mock", reason: "no" })
      })
      const third = yield* listening(session.stream("three"))
      yield* Effect.flip(third.end)
      const fourth = yield* listening(session.stream("four"))
      yield* Effect.flip(fourth.end)
      yield* watched.until(({ event }) => event._tag === "TurnFailed" && event.number > 14)
      assert.deepStrictEqual(yield* texts(session.id), ["one", "two", "three", "four"])
      assert.notInclude(
        JSON.stringify([
          [first, second, third, fourth].map(({ heard }) => heard),
          watched.heard,
          yield* stored(session)
        ]),
        "canary"
      )
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("cannot change roles or ids with extra fields in its return value", () =>
    Effect.gen(function*() {
      const identity = {
        id: "forged",
        messageId: "forged",
        turnId: "forged",
        sessionId: "forged",
        userId: "forged",
        seq: 99,
        role: "system",
        tenant: "forged"
      }
      yield* add({
        name: "forging",
        admission: (prompt) => Effect.succeed({ ...prompt, ...identity }),
        reply: (reply) => Effect.succeed({ ...reply, ...identity })
      })
      const session = yield* start
      const reply = yield* session.send("Hello")
      const { items } = yield* session.messages()
      assert.deepStrictEqual(items.map(({ role, seq, sessionId }) => [role, seq, sessionId]), [
        ["user", 1, session.id],
        ["assistant", 2, session.id]
      ])
      assert.deepStrictEqual(items[1], reply)
      assert.notInclude(JSON.stringify(yield* stored(session)), "forged")
    }).pipe(Effect.provide(SessionRuntime.layerTest())))
})
