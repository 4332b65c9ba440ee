import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import { StoreError } from "../../src/domain/error/StoreError.js"
import { isTerminal } from "../../src/domain/Turn.js"
import { MockProvider } from "../../src/layers/provider/MockProvider.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { anotherHost, prompt, start, texts } from "./anotherHost.js"
import { gatedReply } from "./gatedReply.js"

// A store whose disk fails while `isBroken` is true.
const breakable = (store: SessionStore["Type"]) => {
  const unlessBroken = <A, E>(effect: Effect.Effect<A, E>) =>
    Effect.suspend((): Effect.Effect<A, E | StoreError> =>
      failing.isBroken ? new StoreError({ reason: "Io", detail: "SQLITE_IOERR" }) : effect
    )
  const failing = {
    isBroken: false,
    store: SessionStore.of({
      ...store,
      open: (id, window) => unlessBroken(store.open(id, window)),
      commit: (id, epoch, changes) => unlessBroken(store.commit(id, epoch, changes))
    })
  }
  return failing
}

describe("a store that fails", () => {
  it.scoped("stops the actor when the store refuses a commit, and restarts it from the store", () =>
    Effect.gen(function*() {
      const store = yield* SessionStore
      const failing = breakable(store)
      const session = yield* start
      const { host } = yield* Effect.provideService(anotherHost(), SessionStore, failing.store)
      const { asked, open, reply } = yield* gatedReply("not stored")
      yield* Effect.flatMap(MockProvider, (mock) => mock.script([reply]))
      const running = yield* Effect.fork(host.send(session.id, prompt("one")))
      yield* asked
      failing.isBroken = true
      assert.strictEqual((yield* Effect.flip(host.send(session.id, prompt("two"))))._tag, "StoreError")
      assert.strictEqual((yield* Effect.flip(Fiber.join(running)))._tag, "SessionUnavailable")
      yield* open
      failing.isBroken = false
      yield* host.send(session.id, prompt("three"))
      assert.deepStrictEqual(yield* texts(session.id), ["one", "three", "You said: three"])
      assert.deepStrictEqual((yield* store.turns(session.id, 10)).map(({ status }) => status), [
        "completed",
        "interrupted"
      ])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("answers the accepted turns once the store works again", () =>
    Effect.gen(function*() {
      const store = yield* SessionStore
      const failing = breakable(store)
      const session = yield* start
      const { host } = yield* Effect.provideService(anotherHost(), SessionStore, failing.store)
      const { asked, open, reply } = yield* gatedReply("not stored")
      yield* Effect.flatMap(MockProvider, (mock) => mock.script([reply]))
      yield* Effect.fork(host.send(session.id, prompt("running")))
      yield* asked
      const waiting = yield* Effect.fork(host.send(session.id, prompt("waiting")))
      yield* Effect.yieldNow()
      failing.isBroken = true
      yield* open
      assert.strictEqual((yield* Effect.flip(Fiber.join(waiting)))._tag, "SessionUnavailable")
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(yield* texts(session.id), ["running"])
      failing.isBroken = false
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* texts(session.id), ["running", "waiting", "You said: waiting"])
      assert.isTrue((yield* store.turns(session.id, 10)).every(({ status }) => isTerminal(status)))
    }).pipe(Effect.provide(SessionRuntime.layerTest())))
})
