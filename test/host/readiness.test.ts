import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Scope, TestClock } from "effect"
import { StoreError } from "../../src/domain/error/StoreError.js"
import { MockProvider } from "../../src/layers/provider/MockProvider.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { SessionManager } from "../../src/services/SessionManager.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { gatedReply } from "./gatedReply.js"

/** The readiness of a runtime over another store. It closes with the scope. */
const readinessOver = (store: SessionStore["Type"], scope: Scope.Scope) =>
  Layer.buildWithScope(SessionRuntime.layer(), scope).pipe(
    Effect.provideService(SessionStore, store),
    Effect.flatMap((context) => Effect.provide(SessionManager, context)),
    Effect.map((sessions) => ({ sessions, readiness: Effect.map(sessions.health, ({ readiness }) => readiness) }))
  )

const full = new StoreError({ reason: "Full", detail: "SQLITE_FULL" })

describe("the readiness of a runtime", () => {
  it.scoped("is storage while the store cannot write, and ready again without a send", () =>
    Effect.gen(function*() {
      let isFull = false
      let checks = 0
      const store = SessionStore.of({
        ...(yield* SessionStore),
        checkWritable: Effect.suspend(() => {
          checks++
          return isFull ? full : Effect.void
        })
      })
      const { readiness } = yield* readinessOver(store, yield* Effect.scope)
      assert.strictEqual(yield* readiness, "ready")
      isFull = true
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* readiness, "storage")
      isFull = false
      assert.deepStrictEqual(yield* Effect.all(Effect.replicate(readiness, 10)), Array(10).fill("storage"))
      assert.strictEqual(checks, 2)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* readiness, "ready")
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("is storage when a write takes longer than 2 seconds, and when it dies", () =>
    Effect.gen(function*() {
      const store = yield* SessionStore
      for (const checkWritable of [Effect.never, Effect.die("told to")]) {
        const { readiness } = yield* readinessOver({ ...store, checkWritable }, yield* Effect.scope)
        const asked = yield* Effect.fork(readiness)
        yield* TestClock.adjust("2 seconds")
        assert.strictEqual(yield* Fiber.join(asked), "storage")
      }
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("is that of the store's health when the store has no check", () =>
    Effect.gen(function*() {
      const { checkWritable: _, ...store } = yield* SessionStore
      const failing = { ...store, health: Effect.map(store.health, (health) => ({ ...health, ok: false })) }
      const scope = yield* Effect.scope
      assert.strictEqual(yield* (yield* readinessOver(store, scope)).readiness, "ready")
      assert.strictEqual(yield* (yield* readinessOver(failing, scope)).readiness, "storage")
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("is stopping while running turns end", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const { readiness, sessions } = yield* readinessOver(yield* SessionStore, scope)
      const { asked, open, reply } = yield* gatedReply("the last one")
      yield* Effect.flatMap(MockProvider, (mock) => mock.script([reply]))
      const session = yield* sessions.create({ userId: "ada", provider: "mock", model: "mock-model" })
      const sent = yield* Effect.fork(session.send("hello"))
      yield* asked
      assert.strictEqual(yield* readiness, "ready")
      const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* Effect.repeat(Effect.zipRight(Effect.yieldNow(), readiness), { until: (now) => now === "stopping" })
      yield* open
      yield* Fiber.join(closing)
      assert.strictEqual((yield* Fiber.join(sent)).text, "the last one")
    }).pipe(Effect.provide(SessionRuntime.layerTest())))
})
