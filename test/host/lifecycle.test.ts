import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope, Stream, TestClock } from "effect"
import { OwnershipLost } from "../../src/domain/error/StoreError.js"
import type { Part } from "../../src/domain/Message.js"
import { isTerminal } from "../../src/domain/Turn.js"
import { MockProvider } from "../../src/layers/provider/MockProvider.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { MiddlewareRefusal } from "../../src/services/Middleware.js"
import { MiddlewarePipeline } from "../../src/services/MiddlewarePipeline.js"
import { SessionHost } from "../../src/services/SessionHost.js"
import { SessionManager } from "../../src/services/SessionManager.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { anotherHost, prompt, start, texts } from "./anotherHost.js"
import { gatedReply } from "./gatedReply.js"

const refuse = (word: string) => (parts: ReadonlyArray<Part>) =>
  parts.some((part) => part._tag === "Text" && part.text.includes(word))
    ? Effect.fail(new MiddlewareRefusal({ reason: `says ${word}` }))
    : Effect.void

describe("the lifecycle of a session", () => {
  it.scoped("passivates an idle session, and reactivates it with its history", () =>
    Effect.gen(function*() {
      const session = yield* start
      const host = yield* SessionHost
      yield* session.send("one")
      assert.strictEqual((yield* host.stats).activeSessions, 1)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* host.stats).activeSessions, 0)
      assert.strictEqual((yield* session.info).status, "idle")
      const sessions = yield* SessionManager
      const found = yield* sessions.getOrCreate({ userId: "ada", provider: "mock", model: "mock-model" })
      assert.strictEqual(found.id, session.id)
      yield* found.send("two")
      assert.strictEqual((yield* session.info).status, "active")
      const requests = yield* Effect.flatMap(MockProvider, (mock) => mock.requests)
      assert.deepStrictEqual(requests[1]?.messages.map(({ text }) => text), ["one", "You said: one", "two"])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("does not passivate a session with an open turn", () =>
    Effect.gen(function*() {
      const session = yield* start
      const { asked, open, reply } = yield* gatedReply("late")
      yield* Effect.flatMap(MockProvider, (mock) => mock.script([reply]))
      const send = yield* Effect.fork(session.send("hi"))
      yield* asked
      yield* TestClock.adjust("10 minutes")
      assert.deepStrictEqual(yield* Effect.flatMap(SessionHost, (host) => host.stats), {
        activeSessions: 1,
        openTurns: 1,
        isClosing: false
      })
      yield* open
      assert.strictEqual((yield* Fiber.join(send)).text, "late")
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("ends the running turn as interrupted, answers those behind it, and fences off the old owner", () =>
    Effect.gen(function*() {
      const session = yield* start
      const mock = yield* MockProvider
      const store = yield* SessionStore
      const old = yield* gatedReply("too late")
      yield* mock.script([old.reply])
      const sends = yield* Effect.forEach(["running", "waiting"], (text) => Effect.fork(session.send(text)))
      yield* old.asked
      const first = yield* anotherHost()
      yield* first.host.send(session.id, prompt("after the restart"))
      assert.deepStrictEqual(yield* texts(session.id), [
        "running",
        "waiting",
        "You said: waiting",
        "after the restart",
        "You said: after the restart"
      ])
      assert.deepStrictEqual((yield* store.turns(session.id, 10)).map(({ status }) => status), [
        "completed",
        "completed",
        "interrupted"
      ])
      yield* old.open
      const exits = yield* Effect.forEach(sends, Fiber.await)
      assert.isTrue(exits.every(Exit.isFailure))
      assert.strictEqual((yield* texts(session.id)).length, 5)
      assert.isTrue((yield* store.turns(session.id, 10)).every(({ status }) => isTerminal(status)))
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("fails with OwnershipLost at an owner that was replaced", () =>
    Effect.gen(function*() {
      const session = yield* start
      yield* session.send("mine")
      const { host } = yield* anotherHost()
      yield* host.send(session.id, prompt("theirs"))
      assert.instanceOf(yield* Effect.flip(session.updateContext({ user: { a: 1 } })), OwnershipLost)
      // The actor restarts from the store.
      yield* session.updateContext({ user: { a: 2 } })
      assert.deepStrictEqual(yield* texts(session.id), ["mine", "You said: mine", "theirs", "You said: theirs"])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("completes a running turn when the host stops, leaves the next for later, and accepts no new one", () =>
    Effect.gen(function*() {
      const session = yield* start
      const mock = yield* MockProvider
      const store = yield* SessionStore
      const scope = yield* Scope.make()
      const { host } = yield* Scope.extend(anotherHost(), scope)
      const { asked, open, reply } = yield* gatedReply("just in time")
      yield* mock.script([reply])
      const running = yield* Effect.fork(host.send(session.id, prompt("one")))
      yield* asked
      const waiting = yield* Effect.fork(host.send(session.id, prompt("two")))
      yield* Effect.yieldNow()
      const stopping = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Effect.flip(host.send(session.id, prompt("three"))))._tag, "ShuttingDown")
      yield* open
      yield* Fiber.join(stopping)
      assert.strictEqual((yield* Fiber.join(running)).text, "just in time")
      assert.strictEqual((yield* Effect.flip(Fiber.join(waiting)))._tag, "SessionUnavailable")
      assert.deepStrictEqual((yield* store.turns(session.id, 10)).map(({ status }) => status), [
        "accepted",
        "completed"
      ])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("stores a turn that does not end before the drain timeout as interrupted", () =>
    Effect.gen(function*() {
      const session = yield* start
      const store = yield* SessionStore
      const scope = yield* Scope.make()
      const { host } = yield* Scope.extend(anotherHost({ drainTimeout: "20 seconds" }), scope)
      const { asked, closed, reply } = yield* gatedReply("never")
      yield* Effect.flatMap(MockProvider, (mock) => mock.script([reply]))
      const send = yield* Effect.fork(host.send(session.id, prompt("one")))
      yield* asked
      const stopping = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("19 seconds")
      assert.deepStrictEqual((yield* store.turns(session.id, 1)).map(({ status }) => status), ["calling"])
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(stopping)
      yield* closed
      assert.strictEqual((yield* Effect.flip(Fiber.join(send)))._tag, "TurnInterrupted")
      assert.deepStrictEqual((yield* store.turns(session.id, 1)).map(({ status }) => status), ["interrupted"])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("interrupts the running turn of a deleted session, and closes its provider call", () =>
    Effect.gen(function*() {
      const session = yield* start
      const { asked, closed, reply } = yield* gatedReply("never")
      yield* Effect.flatMap(MockProvider, (mock) => mock.script([reply]))
      const sends = yield* Effect.forEach(["one", "two"], (text) => Effect.fork(session.send(text)))
      yield* asked
      yield* session.delete
      yield* closed
      const errors = yield* Effect.forEach(sends, (send) => Effect.flip(Fiber.join(send)))
      assert.deepStrictEqual(errors.map(({ _tag }) => _tag), ["SessionNotFound", "SessionNotFound"])
      assert.strictEqual((yield* Effect.flip(session.info))._tag, "SessionNotFound")
      assert.strictEqual((yield* Effect.flip(session.send("three")))._tag, "SessionNotFound")
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("answers the turns accepted before archiving, and refuses later sends", () =>
    Effect.gen(function*() {
      const session = yield* start
      const { asked, open, reply } = yield* gatedReply("first")
      yield* Effect.flatMap(MockProvider, (mock) => mock.script([reply]))
      const sends = yield* Effect.forEach(["one", "two"], (text) => Effect.fork(session.send(text)))
      yield* asked
      yield* session.archive
      const error = yield* Effect.flip(session.send("three"))
      assert(error._tag === "SessionStateError")
      assert.strictEqual(error.status, "archived")
      yield* open
      const replies = yield* Effect.forEach(sends, Fiber.join)
      assert.deepStrictEqual(replies.map(({ text }) => text), ["first", "You said: two"])
      assert.strictEqual((yield* session.info).status, "archived")
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("clears the history and adds system messages only between turns", () =>
    Effect.gen(function*() {
      const session = yield* start
      const { asked, open, reply } = yield* gatedReply("first")
      yield* Effect.flatMap(MockProvider, (mock) => mock.script([reply]))
      const send = yield* Effect.fork(session.send("one"))
      yield* asked
      const clear = yield* Effect.fork(session.clear)
      const system = yield* Effect.fork(session.sendSystem("be brief"))
      const next = yield* Effect.fork(session.send("two"))
      yield* Effect.yieldNow()
      assert.deepStrictEqual(yield* texts(session.id), ["one"])
      yield* open
      yield* Effect.all([Fiber.join(send), Fiber.join(clear), Fiber.join(system), Fiber.join(next)])
      assert.deepStrictEqual(yield* texts(session.id), ["be brief", "two", "You said: two"])
      const { items } = yield* session.messages()
      assert.deepStrictEqual(items.map(({ seq }) => seq), [3, 4, 5])
      const requests = yield* Effect.flatMap(MockProvider, (mock) => mock.requests)
      assert.deepStrictEqual(requests[1]?.messages.map(({ role }) => role), ["system", "user"])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("stores nothing of a send that admission refuses, nor of a reply that middleware refuses", () =>
    Effect.gen(function*() {
      const session = yield* start
      const pipeline = yield* MiddlewarePipeline
      yield* pipeline.add({
        name: "guard",
        admission: (prompt) => Effect.as(refuse("badness")(prompt.parts), prompt),
        reply: (reply) => Effect.as(refuse("secret")(reply.parts), reply)
      })
      const refused = yield* Effect.flip(session.send("badness"))
      assert(refused._tag === "MiddlewareError")
      assert.strictEqual(refused.stage, "admission")
      assert.deepStrictEqual(yield* session.turns, [])
      const events: Array<string> = []
      const held = yield* Effect.flip(
        Stream.runForEach(session.stream("a secret"), ({ _tag }) => Effect.sync(() => events.push(_tag)))
      )
      assert.strictEqual(held._tag, "MiddlewareError")
      assert.deepStrictEqual(events, ["TurnAccepted", "TurnStarted"])
      assert.deepStrictEqual(yield* texts(session.id), ["a secret"])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))
})
