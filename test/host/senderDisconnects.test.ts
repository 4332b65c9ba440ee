import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { MiddlewarePipeline } from "../../src/services/MiddlewarePipeline.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { anotherHost, start, texts } from "./anotherHost.js"
import { gatedReply } from "./gatedReply.js"
import { listening } from "./listening.js"
import { script } from "./scripted.js"
import { spokenReply } from "./spokenReply.js"

const message = (stopOnDisconnect: boolean) => ({ content: "hello", stopOnDisconnect })

describe("a sender that disconnects", () => {
  it.scoped("stops its turn with stopOnDisconnect, and keeps the partial reply", () =>
    Effect.gen(function*() {
      const session = yield* start
      const { closed, reply, say } = yield* spokenReply
      yield* script(reply)
      const stream = yield* listening(session.stream(message(true)))
      yield* say("half")
      yield* stream.until(({ _tag }) => _tag === "TurnDelta")
      yield* stream.leave
      yield* closed
      yield* session.send("next")
      assert.deepStrictEqual(yield* texts(session.id), ["hello", "half", "next", "You said: next"])
      assert.deepStrictEqual((yield* session.turns).map(({ status }) => status), ["completed", "stopped"])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("stops its turn also when it waited for the reply only", () =>
    Effect.gen(function*() {
      const session = yield* start
      const { asked, closed, reply } = yield* gatedReply("never")
      yield* script(reply)
      const send = yield* Effect.fork(session.send(message(true)))
      yield* asked
      yield* Fiber.interrupt(send)
      yield* closed
      yield* session.send("next")
      assert.deepStrictEqual((yield* session.turns).map(({ status }) => status), ["completed", "stopped"])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("drops its turn while it waits", () =>
    Effect.gen(function*() {
      const session = yield* start
      const { asked, open, reply } = yield* gatedReply("first")
      yield* script(reply)
      yield* Effect.fork(session.send("one"))
      yield* asked
      const stream = yield* listening(session.stream(message(true)))
      yield* stream.until(({ _tag }) => _tag === "TurnAccepted")
      yield* stream.leave
      yield* open
      yield* session.send("next")
      assert.deepStrictEqual(yield* texts(session.id), ["one", "first", "next", "You said: next"])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("stops its turn also when it disconnects before the acceptance", () =>
    Effect.gen(function*() {
      const store = yield* SessionStore
      const session = yield* start
      const committing = yield* Deferred.make<void>()
      const stored = yield* Deferred.make<void>()
      const slow = SessionStore.of({
        ...store,
        commit: (id, epoch, changes) =>
          Deferred.succeed(committing, undefined).pipe(
            Effect.zipRight(Deferred.await(stored)),
            Effect.zipRight(store.commit(id, epoch, changes))
          )
      })
      const { host } = yield* Effect.provideService(anotherHost(), SessionStore, slow)
      const { closed, reply } = yield* gatedReply("never")
      yield* script(reply)
      const send = yield* Effect.fork(host.send(session.id, message(true)))
      yield* Deferred.await(committing)
      yield* Fiber.interrupt(send)
      yield* Deferred.succeed(stored, undefined)
      yield* closed
      yield* host.send(session.id, { content: "next" })
      assert.deepStrictEqual((yield* session.turns).map(({ status }) => status), ["completed", "stopped"])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("leaves nothing behind during admission", () =>
    Effect.gen(function*() {
      const session = yield* start
      const asked = yield* Deferred.make<void>()
      const pipeline = yield* MiddlewarePipeline
      yield* pipeline.add({
        name: "slow",
        admission: () => Effect.zipRight(Deferred.succeed(asked, undefined), Effect.never)
      })
      const send = yield* Effect.fork(session.send(message(false)))
      yield* Deferred.await(asked)
      yield* Fiber.interrupt(send)
      assert.deepStrictEqual(yield* session.turns, [])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("row 55: stops nothing without stopOnDisconnect, mid-stream or before the first event", () =>
    Effect.gen(function*() {
      const session = yield* start
      const { finish, reply, say } = yield* spokenReply
      yield* script(reply)
      const stream = yield* listening(session.stream(message(false)))
      yield* say("half ")
      yield* stream.until(({ _tag }) => _tag === "TurnDelta")
      yield* stream.leave
      const send = yield* Effect.fork(session.send("waiting"))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(send)
      yield* say("a loaf")
      yield* finish()
      yield* session.send("next")
      assert.deepStrictEqual(yield* texts(session.id), [
        "hello",
        "half a loaf",
        "waiting",
        "You said: waiting",
        "next",
        "You said: next"
      ])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))
})
