import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { MiddlewareRefusal } from "../../src/services/Middleware.js"
import { MiddlewarePipeline } from "../../src/services/MiddlewarePipeline.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { anotherHost, start, texts } from "./anotherHost.js"
import { shown } from "./scripted.js"

/** Turn middleware that waits for `open`; `reached` waits until it was called. */
const gate = Effect.gen(function*() {
  const reached = yield* Deferred.make<void>()
  const opened = yield* Deferred.make<void>()
  const pipeline = yield* MiddlewarePipeline
  yield* pipeline.add({
    name: "gate",
    timeout: "1 day",
    turn: (request) => Effect.as(Effect.zipRight(Deferred.succeed(reached, undefined), Deferred.await(opened)), request)
  })
  return { reached: Deferred.await(reached), open: Deferred.succeed(opened, undefined) }
})

describe("turn middleware", () => {
  it.scoped("row 3: runs before the intent to call is stored, so that a later process answers the turn, with one call", () =>
    Effect.gen(function*() {
      const session = yield* start
      const store = yield* SessionStore
      const { reached } = yield* gate
      yield* Effect.fork(session.send("hello"))
      yield* reached
      const [turn] = yield* session.turns
      assert.deepStrictEqual([turn?.status, turn?.attempt], ["accepted", 0])
      assert.deepStrictEqual(yield* texts(session.id), [])
      const healthy = yield* Effect.provide(MiddlewarePipeline, MiddlewarePipeline.layer())
      const { host } = yield* Effect.provideService(anotherHost(), MiddlewarePipeline, healthy)
      yield* host.send(session.id, { content: "next" })
      assert.deepStrictEqual(yield* texts(session.id), ["hello", "You said: hello", "next", "You said: next"])
      assert.lengthOf(yield* shown, 2)
      assert.deepStrictEqual((yield* store.turns(session.id, 9)).map(({ attempt, status }) => [status, attempt]), [
        ["completed", 1],
        ["completed", 1]
      ])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("fails the turn when it fails: the provider is not called and nothing enters the history", () =>
    Effect.gen(function*() {
      const session = yield* start
      const pipeline = yield* MiddlewarePipeline
      yield* Effect.scoped(Effect.gen(function*() {
        yield* pipeline.add({ name: "budget", turn: () => new MiddlewareRefusal({ reason: "spent" }) })
        const error = yield* Effect.flip(session.send("hello"))
        assert.deepInclude(error, { _tag: "MiddlewareError", stage: "turn", middleware: "budget" })
      }))
      const [turn] = yield* session.turns
      assert.deepStrictEqual([turn?.status, turn?.error?._tag, turn?.promptSeq], [
        "failed",
        "MiddlewareError",
        undefined
      ])
      assert.deepStrictEqual(turn?.prompt?.parts, [{ _tag: "Text", text: "hello" }])
      assert.deepStrictEqual([yield* texts(session.id), yield* shown], [[], []])
      assert.strictEqual((yield* session.metrics).providerCalls, 0)
      yield* session.send("next")
      assert.deepStrictEqual(yield* texts(session.id), ["next", "You said: next"])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("does not block a context change, and sees the question as the last message", () =>
    Effect.gen(function*() {
      const session = yield* start
      const { open, reached } = yield* gate
      const send = yield* Effect.fork(session.send("hello"))
      yield* reached
      yield* session.updateContext({ user: { name: "Ada" } })
      yield* open
      yield* Fiber.join(send)
      assert.deepStrictEqual(yield* shown, [["hello"]])
      assert.deepStrictEqual((yield* session.context).user, { name: "Ada" })
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("is interrupted when its turn is stopped, which leaves only its record", () =>
    Effect.gen(function*() {
      const session = yield* start
      const { reached } = yield* gate
      const send = yield* Effect.fork(session.send("hello"))
      yield* reached
      assert.strictEqual(yield* session.stop(), "stopped")
      assert.strictEqual((yield* Effect.flip(Fiber.join(send)))._tag, "TurnStopped")
      const [turn] = yield* session.turns
      assert.deepStrictEqual([turn?.status, turn?.prompt], ["stopped", undefined])
      assert.deepStrictEqual([yield* texts(session.id), yield* shown], [[], []])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("may finish at the moment of a stop: there is no call, and the session keeps working", () =>
    Effect.gen(function*() {
      const store = yield* SessionStore
      const session = yield* start
      const committing = yield* Deferred.make<void>()
      const stored = yield* Deferred.make<void>()
      const slow = SessionStore.of({
        ...store,
        commit: (id, epoch, changes) =>
          changes.context === undefined ?
            store.commit(id, epoch, changes) :
            Deferred.succeed(committing, undefined).pipe(
              Effect.zipRight(Deferred.await(stored)),
              Effect.zipRight(store.commit(id, epoch, changes))
            )
      })
      const { host } = yield* Effect.provideService(anotherHost(), SessionStore, slow)
      const { open, reached } = yield* gate
      const send = yield* Effect.fork(host.send(session.id, { content: "hello" }))
      yield* reached
      const waiting = yield* Effect.fork(host.send(session.id, { content: "waiting" }))
      yield* Effect.yieldNow()
      // The command queue holds the stop and then the intent, behind a slow command.
      yield* Effect.fork(host.updateContext(session.id, { user: { a: 1 } }))
      yield* Deferred.await(committing)
      const stop = yield* Effect.fork(host.stop(session.id, {}))
      yield* Effect.yieldNow()
      yield* open
      yield* Effect.repeatN(Effect.yieldNow(), 9)
      yield* Deferred.succeed(stored, undefined)
      assert.strictEqual(yield* Fiber.join(stop), "stopped")
      assert.strictEqual((yield* Effect.flip(Fiber.join(send)))._tag, "TurnStopped")
      assert.strictEqual((yield* Fiber.join(waiting)).text, "You said: waiting")
      assert.deepStrictEqual(yield* shown, [["waiting"]])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))
})
