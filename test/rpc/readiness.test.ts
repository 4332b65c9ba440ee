import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import { Disconnected, ShuttingDown } from "../../src/domain/error/RequestError.js"
import type { AccessError } from "../../src/domain/error/SessionError.js"
import type { Health, Readiness } from "../../src/domain/Store.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { makeReadiness } from "../../src/rpc/internal/network/readiness.js"
import { SessionManager } from "../../src/services/SessionManager.js"

/** The readiness of a server that serves a manager with this health. `asked` counts how often the manager was asked. */
const serving = Effect.fnUntraced(function*(of: (health: Health) => Effect.Effect<Health, AccessError>) {
  const sessions = yield* SessionManager
  const asked = { count: 0 }
  const manager = SessionManager.of({
    ...sessions,
    health: Effect.suspend(() => {
      asked.count++
      return Effect.flatMap(sessions.health, of)
    })
  })
  const server = yield* Effect.provideService(makeReadiness, SessionManager, manager)
  yield* server.serving
  return { ...server, asked }
})

const reporting = (readiness: Readiness) => serving((health) => Effect.succeed({ ...health, readiness }))

describe("the readiness of a server", () => {
  it.scoped("is that of its manager while it serves, and its own before and afterwards", () =>
    Effect.gen(function*() {
      const { readiness, serving, stopping } = yield* makeReadiness
      assert.strictEqual(yield* readiness, "starting")
      yield* serving
      assert.strictEqual(yield* readiness, "ready")
      yield* stopping
      assert.strictEqual(yield* readiness, "stopping")
      assert.strictEqual(yield* (yield* reporting("storage")).readiness, "storage")
      assert.strictEqual(yield* (yield* reporting("stopping")).readiness, "stopping")
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("asks its manager once a second, however many callers ask", () =>
    Effect.gen(function*() {
      const { asked, readiness } = yield* reporting("storage")
      const answers = yield* Effect.all(Effect.replicate(readiness, 1000), { concurrency: "unbounded" })
      assert.deepStrictEqual([...new Set(answers)], ["storage"])
      assert.strictEqual(asked.count, 1)
      yield* TestClock.adjust("999 millis")
      yield* readiness
      assert.strictEqual(asked.count, 1)
      yield* TestClock.adjust("1 millis")
      yield* readiness
      assert.strictEqual(asked.count, 2)
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  for (
    const [what, failure, readiness] of [
      ["cannot be reached", new Disconnected({ reason: "told to", sent: false }), "storage"],
      ["shuts down", new ShuttingDown({}), "stopping"],
      ["dies", Effect.die("told to"), "storage"]
    ] as const
  ) {
    it.scoped(`is ${readiness} when its manager ${what}`, () =>
      Effect.gen(function*() {
        assert.strictEqual(yield* (yield* serving(() => failure)).readiness, readiness)
      }).pipe(Effect.provide(SessionRuntime.layerTest())))
  }

  it.scoped("is storage when its manager does not answer within 3 seconds, also for callers that join", () =>
    Effect.gen(function*() {
      const { asked, readiness } = yield* serving(() => Effect.never)
      const first = yield* Effect.fork(readiness)
      yield* TestClock.adjust("2 seconds")
      const second = yield* Effect.fork(readiness)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* Fiber.join(Fiber.zip(first, second)), ["storage", "storage"])
      assert.strictEqual(asked.count, 1)
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("survives a caller that leaves while it asks", () =>
    Effect.gen(function*() {
      const { asked, readiness } = yield* serving((health) => Effect.delay(Effect.succeed(health), "100 millis"))
      const first = yield* Effect.fork(readiness)
      yield* TestClock.adjust("50 millis")
      const second = yield* Effect.fork(readiness)
      yield* Fiber.interrupt(first)
      yield* TestClock.adjust("50 millis")
      assert.strictEqual(yield* Fiber.join(second), "ready")
      assert.strictEqual(asked.count, 1)
    }).pipe(Effect.provide(SessionRuntime.layerTest())))
})
