import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import type { SessionConfig } from "../../src/domain/SessionConfig.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { SessionHost } from "../../src/services/SessionHost.js"
import { SessionManager } from "../../src/services/SessionManager.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { anotherHost, start, texts } from "./anotherHost.js"
import { gatedReply } from "./gatedReply.js"
import { script } from "./scripted.js"

const startWith = (config: typeof SessionConfig.Encoded) =>
  Effect.flatMap(
    SessionManager,
    (sessions) => sessions.create({ userId: "ada", provider: "mock", model: "mock-model", config })
  )

describe("a session's limits", () => {
  it.scoped("refuse a send whose question and reply would be too many, counting those of earlier turns", () =>
    Effect.gen(function*() {
      const session = yield* startWith({ maxMessages: 6 })
      yield* session.send("one")
      const { asked, open, reply } = yield* gatedReply("second")
      yield* script(reply)
      const running = yield* Effect.fork(session.send("two"))
      yield* asked
      const waiting = yield* session.submit("three")
      const before = yield* session.turns
      const error = yield* Effect.flip(session.send("four"))
      assert.deepInclude(error, { _tag: "LimitExceeded", limit: "maxMessages", max: 6, actual: 8 })
      assert.deepStrictEqual(yield* session.turns, before)
      yield* session.stop({ turnId: waiting.turnId })
      const last = yield* Effect.fork(session.send("there is room again"))
      yield* Effect.yieldNow()
      yield* open
      yield* Fiber.join(running)
      yield* Fiber.join(last)
      assert.strictEqual((yield* Effect.flip(session.send("five")))._tag, "LimitExceeded")
      assert.lengthOf(yield* texts(session.id), 6)
      yield* session.clear
      yield* session.send("a new page")
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("refuse a message that is too long, and store nothing", () =>
    Effect.gen(function*() {
      const session = yield* startWith({ maxTokensPerMessage: 2 })
      yield* session.send("x".repeat(8))
      const error = yield* Effect.flip(session.send("x".repeat(9)))
      assert.deepInclude(error, { _tag: "LimitExceeded", limit: "maxTokensPerMessage", max: 2, actual: 3 })
      assert.lengthOf(yield* session.turns, 1)
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("apply to system messages too", () =>
    Effect.gen(function*() {
      const session = yield* startWith({ maxMessages: 1, maxTokensPerMessage: 2 })
      assert.deepInclude(yield* Effect.flip(session.sendSystem("x".repeat(9))), { limit: "maxTokensPerMessage" })
      yield* session.sendSystem("brief")
      assert.deepInclude(yield* Effect.flip(session.sendSystem("more")), { limit: "maxMessages", actual: 2 })
      assert.deepStrictEqual(yield* texts(session.id), ["brief"])
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("archive a session that was idle too long at the next send", () =>
    Effect.gen(function*() {
      const session = yield* startWith({ sessionTimeoutMinutes: 3 })
      const { host } = yield* anotherHost({ sweepEvery: "1 day" })
      yield* host.send(session.id, { content: "one" })
      yield* TestClock.adjust("2 minutes")
      yield* host.send(session.id, { content: "two" })
      yield* TestClock.adjust("3 minutes")
      const error = yield* Effect.flip(host.send(session.id, { content: "three" }))
      assert.deepInclude(error, { _tag: "SessionStateError", status: "archived" })
      assert.strictEqual((yield* session.info).status, "archived")
      assert.lengthOf(yield* texts(session.id), 4)
      yield* host.reactivate(session.id)
      yield* host.send(session.id, { content: "three" })
      assert.strictEqual((yield* session.info).status, "active")
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("archive an idle session without a send, and delete one that is idle even longer", () =>
    Effect.gen(function*() {
      const timeout = yield* startWith({ sessionTimeoutMinutes: 2 })
      const archived = yield* startWith({ autoArchiveAfter: "4 minutes", autoDeleteAfter: "8 minutes" })
      const kept = yield* start
      yield* TestClock.adjust("3 minutes")
      assert.deepStrictEqual([(yield* timeout.info).status, (yield* archived.info).status], ["archived", "active"])
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual((yield* archived.info).status, "archived")
      yield* TestClock.adjust("4 minutes")
      assert.strictEqual((yield* Effect.flip(archived.info))._tag, "SessionNotFound")
      assert.include(["active", "idle"], (yield* kept.info).status)
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("neither archive nor delete a session with an open turn", () =>
    Effect.gen(function*() {
      const session = yield* startWith({ autoArchiveAfter: "1 minute", autoDeleteAfter: "2 minutes" })
      const { asked, open, reply } = yield* gatedReply("late")
      yield* script(reply)
      const send = yield* Effect.fork(session.send("hello"))
      yield* asked
      yield* TestClock.adjust("5 minutes")
      yield* open
      assert.strictEqual((yield* Fiber.join(send)).text, "late")
      assert.strictEqual((yield* session.info).status, "active")
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("keep a session that became active during the sweep", () =>
    Effect.gen(function*() {
      const store = yield* SessionStore
      const archived = yield* startWith({ autoArchiveAfter: "70 seconds" })
      const deleted = yield* startWith({ autoDeleteAfter: "70 seconds" })
      const found: Array<string> = []
      const slow = SessionStore.of({
        ...store,
        expiring: (now, limit) =>
          Effect.tap(store.expiring(now, limit), (due) =>
            Effect.forEach(due, ({ action, sessionId }) => {
              found.push(action)
              return host.send(sessionId, { content: "back again" })
            }).pipe(Effect.orDie))
      })
      const { host } = yield* Effect.provideService(anotherHost({ sweepEvery: "90 seconds" }), SessionStore, slow)
      yield* TestClock.adjust("90 seconds")
      assert.deepStrictEqual(found.toSorted(), ["archive", "delete"])
      for (const { info, messages } of [archived, deleted]) {
        assert.strictEqual((yield* info).status, "active")
        assert.strictEqual((yield* messages()).items.at(-1)?.text, "You said: back again")
      }
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("limit the open turns of all sessions together", () =>
    Effect.gen(function*() {
      const sessions = yield* Effect.replicateEffect(start, 3)
      const { host } = yield* anotherHost({ maxOpenTurns: 2 })
      const [a, b, c] = sessions.map(({ id }) => (content: string) => host.submit(id, { content }))
      assert(a && b && c)
      const first = yield* gatedReply("first")
      const second = yield* gatedReply("second")
      yield* script(first.reply, second.reply)
      yield* a("one")
      yield* first.asked
      yield* b("two")
      yield* second.asked
      assert.deepInclude(yield* host.stats, { openTurns: 2 })
      assert.strictEqual((yield* Effect.flip(c("three")))._tag, "SessionBusy")
      assert.deepStrictEqual(yield* sessions[2]?.turns ?? Effect.void, [])
      yield* first.open
      yield* first.closed
      yield* Effect.repeat(host.stats, { until: ({ openTurns }) => openTurns < 2 })
      yield* c("three")
      yield* second.open
      yield* Effect.repeat(host.stats, { until: ({ openTurns }) => openTurns === 0 })
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("are not reset by reactivating an active session", () =>
    Effect.gen(function*() {
      const session = yield* start
      yield* session.reactivate
      assert.strictEqual((yield* session.info).status, "active")
      yield* session.archive
      yield* session.archive
      yield* session.reactivate
      yield* session.send("hello")
      const host = yield* SessionHost
      assert.deepInclude(yield* host.stats, { openTurns: 0 })
    }).pipe(Effect.provide(SessionRuntime.layerTest())))
})
