import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Stream } from "effect"
import { IdempotencyKey } from "../../src/domain/Ids.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { HookBus } from "../../src/services/HookBus.js"
import { MiddlewareRefusal } from "../../src/services/Middleware.js"
import { MiddlewarePipeline } from "../../src/services/MiddlewarePipeline.js"
import { SessionHost } from "../../src/services/SessionHost.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { anotherHost, start, texts } from "./anotherHost.js"
import { gatedReply } from "./gatedReply.js"
import { listening } from "./listening.js"
import { script, shown } from "./scripted.js"
import { spokenReply } from "./spokenReply.js"

const keyed = (content: string, key = "a") => ({ content, key: IdempotencyKey.make(key) })

const yields = (count: number) => count === 0 ? Effect.void : Effect.repeatN(Effect.yieldNow(), count)

const calls = Effect.map(shown, ({ length }) => length)

describe("a send with a key", () => {
  it.scoped("joins its earlier turn while that runs, and gets the text so far at once", () =>
    Effect.gen(function*() {
      const session = yield* start
      const { finish, reply, say } = yield* spokenReply
      yield* script(reply)
      const first = yield* listening(session.stream(keyed("hello")))
      yield* say("one ")
      yield* say("two ")
      yield* first.until((event) => event._tag === "TurnDelta" && event.text === "two ")
      const second = yield* listening(session.stream(keyed("hello")))
      const accepted = yield* second.until(({ _tag }) => _tag === "TurnAccepted")
      const third = yield* Effect.fork(session.send(keyed("hello")))
      yield* second.until(({ _tag }) => _tag === "TurnDelta")
      yield* say("three")
      yield* finish()
      yield* Effect.all([first.end, second.end])
      const [started, ...rest] = first.heard.slice(1)
      assert.deepStrictEqual(accepted, { _tag: "TurnAccepted", turnId: accepted.turnId, outcome: "joined" })
      assert.deepStrictEqual(second.heard, [
        accepted,
        started,
        { _tag: "TurnDelta", turnId: accepted.turnId, offset: 0, text: "one two " },
        ...rest.slice(2)
      ])
      assert.strictEqual((yield* Fiber.join(third)).text, "one two three")
      assert.strictEqual(yield* calls, 1)
      assert.deepStrictEqual(yield* texts(session.id), ["hello", "one two three"])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("joins a waiting turn, however often it is sent", () =>
    Effect.gen(function*() {
      const session = yield* start
      const { asked, open, reply } = yield* gatedReply("first")
      yield* script(reply)
      yield* Effect.fork(session.send("one"))
      yield* asked
      const receipt = yield* session.submit(keyed("two"))
      assert.strictEqual(receipt.outcome, "queued")
      const again = yield* Effect.fork(session.send(keyed("two")))
      assert.deepStrictEqual(yield* session.submit(keyed("two")), { turnId: receipt.turnId, outcome: "joined" })
      assert.deepStrictEqual((yield* session.pending).map(({ id }) => id), [receipt.turnId])
      yield* open
      assert.strictEqual((yield* Fiber.join(again)).turnId, receipt.turnId)
      assert.deepStrictEqual(yield* texts(session.id), ["one", "first", "two", "You said: two"])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("gets the same message once its turn has completed, also from a later process", () =>
    Effect.gen(function*() {
      const session = yield* start
      const events = Array.from(yield* Stream.runCollect(session.stream(keyed("hello"))))
      const completed = events.at(-1)
      assert(completed?._tag === "TurnCompleted")
      const { host } = yield* anotherHost()
      for (
        const { send, stream } of [session, {
          send: host.send.bind(host, session.id),
          stream: host.stream.bind(host, session.id)
        }]
      ) {
        assert.deepStrictEqual(yield* send(keyed("hello")), completed.message)
        assert.deepStrictEqual(Array.from(yield* Stream.runCollect(stream(keyed("hello")))), [
          { _tag: "TurnAccepted", turnId: completed.turnId, outcome: "joined" },
          ...events.slice(1, 2),
          { _tag: "TurnDelta", turnId: completed.turnId, offset: 0, text: "You said: hello" },
          completed
        ])
      }
      assert.strictEqual(yield* calls, 1)
      assert.deepStrictEqual(yield* texts(session.id), ["hello", "You said: hello"])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("gets the same error once its turn has failed or was stopped, also from a later process", () =>
    Effect.gen(function*() {
      const session = yield* start
      const { asked, reply } = yield* gatedReply("never")
      yield* script({ text: "half", end: "cut" }, reply)
      const failed = yield* Effect.flip(session.send(keyed("fails")))
      const running = yield* Effect.fork(session.send(keyed("is stopped", "b")))
      yield* asked
      yield* session.stop()
      const stopped = yield* Effect.flip(Fiber.join(running))
      assert.deepStrictEqual([failed._tag, stopped._tag], ["ProviderProtocol", "TurnStopped"])
      const { host } = yield* anotherHost()
      for (const send of [session.send, host.send.bind(host, session.id)]) {
        assert.deepStrictEqual(yield* Effect.flip(send(keyed("fails"))), failed)
        assert.deepStrictEqual(yield* Effect.flip(send(keyed("is stopped", "b"))), stopped)
      }
      const shown = yield* listening(session.stream(keyed("fails")))
      assert.deepStrictEqual(yield* Effect.flip(shown.end), failed)
      assert.deepStrictEqual(shown.heard.map(({ _tag }) => _tag), ["TurnAccepted", "TurnStarted", "TurnDelta"])
      assert.strictEqual(yield* calls, 2)
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("gets the whole text of a turn with several provider calls", () =>
    Effect.gen(function*() {
      const session = yield* start
      yield* script({ text: ["one "], end: { _tag: "Finished", reason: "paused" } }, { text: ["two"] })
      yield* session.send(keyed("hello"))
      const events = Array.from(yield* Stream.runCollect(session.stream(keyed("hello"))))
      const deltas = events.flatMap((event) => event._tag === "TurnDelta" ? [[event.offset, event.text]] : [])
      assert.deepStrictEqual(deltas, [[0, "one two"]])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("joins, after a restart, the turn that an earlier process accepted", () =>
    Effect.gen(function*() {
      const session = yield* start
      const { asked, reply } = yield* gatedReply("lost")
      yield* script(reply)
      yield* Effect.fork(session.send(keyed("running", "a")))
      yield* asked
      const waiting = yield* session.submit(keyed("waiting", "b"))
      const { host } = yield* anotherHost()
      assert.strictEqual((yield* Effect.flip(host.send(session.id, keyed("running", "a"))))._tag, "TurnInterrupted")
      const reply2 = yield* host.send(session.id, keyed("waiting", "b"))
      assert.strictEqual(reply2.turnId, waiting.turnId)
      assert.deepStrictEqual(yield* texts(session.id), ["running", "waiting", "You said: waiting"])
      assert.strictEqual(yield* calls, 2)
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("is refused for another message, and nothing is stored", () =>
    Effect.gen(function*() {
      const session = yield* start
      const { asked, open, reply } = yield* gatedReply("first")
      yield* script(reply)
      const running = yield* Effect.fork(session.send(keyed("running", "a")))
      yield* asked
      const waiting = yield* session.submit(keyed("waiting", "b"))
      const before = yield* session.turns
      const refused = [
        session.send(keyed("something else", "a")),
        session.submit({ ...keyed("running", "a"), metadata: { other: true } }),
        Stream.runDrain(session.stream(keyed("something else", "b")))
      ]
      const errors = yield* Effect.forEach(refused, Effect.flip)
      assert.deepStrictEqual(
        errors.map((error) => (error._tag === "IdempotencyConflict" ? error.turnId : undefined)),
        [before[1]?.id, before[1]?.id, waiting.turnId]
      )
      assert.deepStrictEqual(yield* session.turns, before)
      yield* open
      yield* Fiber.join(running)
      yield* session.send(keyed("waiting", "b"))
      assert.strictEqual((yield* Effect.flip(session.send(keyed("no longer", "a"))))._tag, "IdempotencyConflict")
      assert.deepStrictEqual(yield* texts(session.id), ["running", "first", "waiting", "You said: waiting"])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("is one turn for any number of concurrent sends, to an idle session or a running one", () =>
    Effect.gen(function*() {
      const session = yield* start
      for (const key of ["cold", "warm"]) {
        const replies = yield* Effect.all(Array.from({ length: 10 }, () => session.send(keyed("hello", key))), {
          concurrency: "unbounded"
        })
        assert.strictEqual(new Set(replies.map(({ id }) => id)).size, 1)
      }
      assert.strictEqual((yield* session.turns).length, 2)
      assert.strictEqual(yield* calls, 2)
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("is answered even if admission would refuse it now", () =>
    Effect.gen(function*() {
      const session = yield* start
      const reply = yield* session.send(keyed("hello"))
      const pipeline = yield* MiddlewarePipeline
      yield* pipeline.add({ name: "closed", admission: () => new MiddlewareRefusal({ reason: "closed" }) })
      assert.strictEqual((yield* Effect.flip(session.send(keyed("hello", "b"))))._tag, "MiddlewareError")
      assert.deepStrictEqual(yield* session.send(keyed("hello")), reply)
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("belongs to the message as first sent, even if the turn was edited meanwhile", () =>
    Effect.gen(function*() {
      const session = yield* start
      const { asked, open, reply } = yield* gatedReply("first")
      yield* script(reply)
      yield* Effect.fork(session.send("one"))
      yield* asked
      const { turnId } = yield* session.submit(keyed("two"))
      assert.strictEqual(yield* session.edit({ turnId, content: "three" }), "edited")
      assert.strictEqual((yield* Effect.flip(session.submit(keyed("three"))))._tag, "IdempotencyConflict")
      const joined = yield* Effect.fork(session.send(keyed("two")))
      yield* Effect.yieldNow()
      yield* open
      assert.strictEqual((yield* Fiber.join(joined)).text, "You said: three")
      assert.strictEqual((yield* session.send(keyed("two"))).text, "You said: three")
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("fails with a clear reason when its turn's reply was cleared", () =>
    Effect.gen(function*() {
      const session = yield* start
      yield* session.send(keyed("hello"))
      yield* session.clear
      const error = yield* Effect.flip(session.send(keyed("hello")))
      assert(error._tag === "InvalidRequest")
      assert.deepStrictEqual(error.path, ["key"])
      assert.strictEqual((yield* session.turns).length, 1)
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("never finds a half accepted turn, however slow the commit is", () =>
    Effect.gen(function*() {
      const store = yield* SessionStore
      const session = yield* start
      const late = SessionStore.of({
        ...store,
        commit: (id, epoch, changes) => Effect.zipLeft(store.commit(id, epoch, changes), Effect.yieldNow())
      })
      const hooks = yield* HookBus
      const slow = HookBus.of({
        ...hooks,
        publish: (event, onDelivered) => Effect.zipRight(Effect.yieldNow(), hooks.publish(event, onDelivered))
      })
      const { host } = yield* anotherHost().pipe(
        Effect.provideService(SessionStore, late),
        Effect.provideService(HookBus, slow)
      )
      const exits = yield* Effect.forEach(
        Array.from({ length: 20 }, (_, index) => index),
        (index) => Effect.zipRight(yields(index), Effect.exit(host.send(session.id, keyed("hello")))),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(exits.filter(Exit.isFailure), [])
      assert.strictEqual((yield* session.turns).length, 1)
      assert.strictEqual((yield* Effect.flatMap(SessionHost, ({ stats }) => stats)).openTurns, 0)
    }).pipe(Effect.provide(SessionRuntime.layerTest())))
})
