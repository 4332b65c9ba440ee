import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Scope, Stream, TestClock } from "effect"
import { ProviderRejected } from "../../src/domain/error/ProviderError.js"
import { StoreError } from "../../src/domain/error/StoreError.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { SessionManager } from "../../src/services/SessionManager.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { type LogLine, withCapturedLogs } from "../middleware/capturedLogs.js"
import { anotherHost, start } from "./anotherHost.js"
import { gatedReply } from "./gatedReply.js"
import { dyingStore } from "./outages.js"
import { script } from "./scripted.js"

const canary = "canary-of-the-content"

/** The lines that an operator reads at the default level. */
const read = (lines: ReadonlyArray<LogLine>) =>
  lines.filter(({ level }) => level !== "Debug" && level !== "Trace").map(({ annotations, level, message }) => ({
    annotations,
    level,
    message
  }))

describe("the log of a runtime", () => {
  it.scoped("has a line for each failed provider call, retried or not, without the vendor's text", () =>
    withCapturedLogs((lines) =>
      Effect.gen(function*() {
        const session = yield* start
        const rejected = new ProviderRejected({ provider: "mock", reason: `you said ${canary}` })
        yield* script(() => Stream.fail(rejected))
        yield* Effect.flip(session.send(`tell me of ${canary}`))
        const [turn] = yield* session.turns
        assert.deepStrictEqual(read(lines), [{
          level: "Warning",
          message: "A provider call failed",
          annotations: {
            provider: "mock",
            model: "mock-model",
            code: "provider_rejected",
            sessionId: session.id,
            turnId: turn?.id,
            attempt: 1
          }
        }])
      }).pipe(Effect.provide(SessionRuntime.layerTest()))
    ))

  it.scoped("numbers the calls of a turn, and says when a circuit is open", () =>
    withCapturedLogs((lines) =>
      Effect.gen(function*() {
        const session = yield* start
        for (let sends = 0; sends < 3; sends++) {
          const sending = yield* Effect.fork(Effect.flip(session.send("hello")))
          yield* TestClock.adjust("20 seconds")
          assert.strictEqual((yield* Fiber.join(sending))._tag, "ProviderTransient")
        }
        const failed = read(lines).filter(({ message }) => message === "A provider call failed")
        assert.deepStrictEqual(failed.slice(0, 3).map(({ annotations }) => annotations["attempt"]), [1, 2, 3])
        assert.isTrue(failed.every(({ annotations }) => annotations["code"] === "provider_transient"))
        const skipped = read(lines).filter(({ message }) => message.startsWith("A provider was not called"))
        assert.isAtLeast(skipped.length, 1)
      }).pipe(Effect.provide(SessionRuntime.layerTest({ errorRate: 1, providerRetries: 2 })))
    ))

  it.scoped("has a line for a store that fails, counts the next ones, and quotes nothing", () =>
    withCapturedLogs((lines) =>
      Effect.gen(function*() {
        const store = yield* SessionStore
        const failing = SessionStore.of({
          ...store,
          list: () => new StoreError({ reason: "Io", detail: "SQLITE_IOERR" }),
          context: () => new StoreError({ reason: "Corrupt", detail: `the row says ${canary}` })
        })
        const scope = yield* Scope.make()
        const context = yield* Effect.provideService(
          Layer.buildWithScope(SessionRuntime.layer(), scope),
          SessionStore,
          failing
        )
        const sessions = yield* Effect.provide(SessionManager, context)
        const { id } = yield* sessions.create({ userId: canary, provider: "mock", model: "mock-model" })
        yield* Effect.repeatN(Effect.flip(sessions.list("ada")), 7)
        yield* Effect.flip(sessions.session(id).context)
        const first = {
          level: "Error" as const,
          message: "The store failed",
          annotations: { operation: "list", reason: "Io", detail: "SQLITE_IOERR" }
        }
        assert.deepStrictEqual(read(lines), [
          first,
          { ...first, annotations: { operation: "context", reason: "Corrupt" } }
        ])
        yield* TestClock.adjust("1 minute")
        yield* Effect.flip(sessions.list("ada"))
        assert.deepStrictEqual(read(lines).slice(2), [
          { ...first, annotations: { ...first.annotations, repeated: 7 } }
        ])
        yield* Scope.close(scope, Exit.void)
        assert.deepStrictEqual(read(lines).slice(3), [
          { ...first, annotations: { ...first.annotations, repeated: 1 } }
        ])
      }).pipe(Effect.provide(SessionRuntime.layerTest()))
    ))

  it.scoped("has one line for all turns that a start recovers", () =>
    withCapturedLogs((lines) =>
      Effect.gen(function*() {
        const { asked, reply } = yield* gatedReply("lost")
        const again = yield* gatedReply("lost too")
        yield* script(reply, again.reply)
        const [one, two] = [yield* start, yield* start]
        yield* one.submit("calling")
        yield* asked
        yield* one.submit("waiting")
        yield* one.submit({ content: "late", timeout: "1 second" })
        yield* two.submit({ content: "calling", onUnknown: "retry" })
        yield* again.asked
        // The owner of the turns is fenced off, like a killed process, when their deadline passes.
        const store = yield* SessionStore
        yield* store.open(one.id, 0)
        yield* TestClock.adjust("2 seconds")
        yield* anotherHost()
        assert.deepStrictEqual(read(lines).filter(({ level }) => level === "Info"), [{
          level: "Info",
          message: "Recovered the turns of an earlier process",
          annotations: { resumed: 2, interrupted: 1, overdue: 1, failed: 0 }
        }])
        yield* anotherHost()
      }).pipe(Effect.provide(SessionRuntime.layerTest()))
    ))

  it.scoped("has no such line when there is nothing to recover", () =>
    withCapturedLogs((lines) =>
      Effect.gen(function*() {
        yield* (yield* start).send("hello")
        yield* anotherHost()
        assert.deepStrictEqual(read(lines), [])
      }).pipe(Effect.provide(SessionRuntime.layerTest()))
    ))

  it.scoped("says which session failed too often", () =>
    withCapturedLogs((lines) =>
      Effect.gen(function*() {
        const dying = yield* dyingStore
        const session = yield* start
        const { host } = yield* Effect.provideService(anotherHost(), SessionStore, dying.store)
        dying.broken = session.id
        for (let failure = 0; failure < 4; failure++) {
          yield* Effect.flip(host.updateContext(session.id, { user: { a: canary } }))
        }
        dying.broken = undefined
        const line = read(lines).find(({ message }) => message.startsWith("A session failed too often"))
        assert.deepInclude(line, {
          level: "Error",
          annotations: { sessionId: session.id, reason: "SessionUnavailable" }
        })
        const defects = read(lines).filter(({ message }) => message.includes("defect"))
        assert.deepStrictEqual(
          defects.map(({ annotations }) => annotations),
          Array.from({ length: 4 }, () => ({ sessionId: session.id }))
        )
        assert.notInclude(JSON.stringify(read(lines)), canary)
      }).pipe(Effect.provide(SessionRuntime.layerTest()))
    ))

  it.scoped("has an audit line for each session that is deleted because it expired", () =>
    withCapturedLogs((lines) =>
      Effect.gen(function*() {
        const sessions = yield* SessionManager
        const config = { autoDeleteAfter: "1 second" as const }
        const { id } = yield* sessions.create({ userId: canary, provider: "mock", model: "mock-model", config })
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(read(lines), [{
          level: "Info",
          message: "Audit",
          annotations: { operation: "Delete", target: id, principal: "autoDeleteAfter", outcome: "ok" }
        }])
      }).pipe(Effect.provide(SessionRuntime.layerTest()))
    ))
})
