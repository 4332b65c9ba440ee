import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import { StoreError } from "../../src/domain/error/StoreError.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { anotherHost, start, texts } from "./anotherHost.js"
import { gatedReply } from "./gatedReply.js"
import { listening } from "./listening.js"
import { dyingStore } from "./outages.js"
import { script } from "./scripted.js"

/** A host with a session whose commits can be made to die, another session, and two accepted turns of the first. */
const failingActor = Effect.gen(function*() {
  const dying = yield* dyingStore
  const session = yield* start
  const other = yield* start
  const { host } = yield* Effect.provideService(anotherHost(), SessionStore, dying.store)
  const { asked, open, reply } = yield* gatedReply("lost")
  yield* script(reply)
  yield* host.submit(session.id, { content: "running" })
  yield* asked
  yield* host.submit(session.id, { content: "waiting" })
  const fails = Effect.flip(host.updateContext(session.id, { user: { a: 1 } }))
  return { asked, fails, host, dying, open, other, session }
})

describe("a session whose actor fails", () => {
  it.scoped("is restarted, and answers the accepted turns", () =>
    Effect.gen(function*() {
      const { fails, dying, session } = yield* failingActor
      dying.broken = session.id
      assert.strictEqual((yield* fails)._tag, "SessionUnavailable")
      dying.broken = undefined
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* texts(session.id), ["running", "waiting", "You said: waiting"])
      assert.deepStrictEqual((yield* session.turns).map(({ status }) => status), ["completed", "interrupted"])
      assert.strictEqual((yield* session.info).status, "active")
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("is unavailable after the third restart in a minute, and no other is", () =>
    Effect.gen(function*() {
      const { fails, host, dying, other, session } = yield* failingActor
      dying.broken = session.id
      for (let failure = 0; failure < 4; failure++) assert.strictEqual((yield* fails)._tag, "SessionUnavailable")
      dying.broken = undefined
      const refused = yield* Effect.flip(host.send(session.id, { content: "hello" }))
      assert(refused._tag === "SessionUnavailable")
      assert.include(refused.message, "reactivate")
      assert.strictEqual((yield* host.send(other.id, { content: "hello" })).text, "You said: hello")
      yield* TestClock.adjust("5 minutes")
      assert.strictEqual((yield* Effect.flip(host.send(session.id, { content: "hello" })))._tag, "SessionUnavailable")
      assert.deepStrictEqual((yield* session.turns).map(({ status }) => status), ["accepted", "calling"])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("gets status error, which watchers receive, and which a later process keeps", () =>
    Effect.gen(function*() {
      const store = yield* SessionStore
      const { open, session } = yield* failingActor
      // Only the actor fails: the store can still record the error.
      const failingStore = SessionStore.of({
        ...store,
        commit: (id, epoch, changes) => changes.context ? Effect.die("broken") : store.commit(id, epoch, changes)
      })
      const { host: next } = yield* Effect.provideService(anotherHost(), SessionStore, failingStore)
      const watching = yield* listening(next.watch(session.id, {}))
      yield* watching.until(({ event }) => event._tag === "TurnCompleted")
      for (let failure = 0; failure < 4; failure++) {
        assert.strictEqual(
          (yield* Effect.flip(next.updateContext(session.id, { user: { a: failure } })))._tag,
          "SessionUnavailable"
        )
      }
      yield* watching.until(({ event }) => event._tag === "SessionErrored")
      assert.strictEqual((yield* session.info).status, "error")
      const { host: later } = yield* anotherHost()
      const refused = yield* Effect.flip(later.send(session.id, { content: "hello" }))
      assert.strictEqual(refused._tag, "SessionUnavailable")
      yield* later.reactivate(session.id)
      assert.strictEqual((yield* later.send(session.id, { content: "hello" })).text, "You said: hello")
      yield* open
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("recovers when it is reactivated, and answers the accepted turns", () =>
    Effect.gen(function*() {
      const { fails, host, dying, session } = yield* failingActor
      dying.broken = session.id
      for (let failure = 0; failure < 4; failure++) yield* fails
      dying.broken = undefined
      yield* host.reactivate(session.id)
      yield* host.send(session.id, { content: "next" })
      assert.deepStrictEqual(yield* texts(session.id), [
        "running",
        "waiting",
        "You said: waiting",
        "next",
        "You said: next"
      ])
      assert.strictEqual((yield* session.info).status, "active")
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("keeps the accepted turns in status error, and answers them once it is reactivated", () =>
    Effect.gen(function*() {
      const { open, session } = yield* failingActor
      const store = yield* SessionStore
      const { epoch } = yield* store.open(session.id, 0)
      yield* store.commit(session.id, epoch, { status: "error" })
      const { host } = yield* anotherHost()
      const statuses = Effect.map(session.turns, (turns) => turns.map(({ status }) => status))
      assert.deepStrictEqual(yield* statuses, ["accepted", "calling"])
      yield* host.reactivate(session.id)
      yield* Effect.repeat(host.stats, { until: ({ openTurns }) => openTurns === 0 })
      assert.deepStrictEqual(yield* statuses, ["completed", "interrupted"])
      yield* open
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("is not charged for failures more than a minute ago", () =>
    Effect.gen(function*() {
      const { fails, host, dying, session } = yield* failingActor
      for (let failure = 0; failure < 6; failure++) {
        dying.broken = session.id
        yield* fails
        dying.broken = undefined
        yield* TestClock.adjust("21 seconds")
      }
      assert.strictEqual((yield* host.send(session.id, { content: "hello" })).text, "You said: hello")
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("does not count abandoned turns as open", () =>
    Effect.gen(function*() {
      const { fails, host, dying, session } = yield* failingActor
      assert.strictEqual((yield* host.stats).openTurns, 2)
      dying.broken = session.id
      yield* fails
      assert.strictEqual((yield* host.stats).openTurns, 0)
      dying.broken = undefined
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* host.stats).openTurns, 0)
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("is not charged for failures of the store", () =>
    Effect.gen(function*() {
      const store = yield* SessionStore
      const session = yield* start
      let isFull = true
      const full = SessionStore.of({
        ...store,
        commit: (id, epoch, changes) =>
          Effect.suspend((): ReturnType<typeof store.commit> =>
            isFull ? new StoreError({ reason: "Full", detail: "SQLITE_FULL" }) : store.commit(id, epoch, changes)
          )
      })
      const { host } = yield* Effect.provideService(anotherHost(), SessionStore, full)
      for (let failure = 0; failure < 20; failure++) {
        assert.strictEqual((yield* Effect.flip(host.send(session.id, { content: "hello" })))._tag, "StoreError")
      }
      isFull = false
      const send = yield* Effect.fork(host.send(session.id, { content: "hello" }))
      assert.strictEqual((yield* Fiber.join(send)).text, "You said: hello")
      assert.strictEqual((yield* session.info).status, "active")
    }).pipe(Effect.provide(SessionRuntime.layerTest())))
})
