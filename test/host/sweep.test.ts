import { assert, describe, it } from "@effect/vitest"
import { Effect, TestClock } from "effect"
import { StoreError } from "../../src/domain/error/StoreError.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { SessionManager } from "../../src/services/SessionManager.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { anotherHost } from "./anotherHost.js"

/** A store whose first lookups of expiring sessions are replaced by `first`. */
const sweeping = (store: SessionStore["Type"], ...first: ReadonlyArray<Effect.Effect<never, StoreError>>) => {
  const outcomes = [...first]
  return SessionStore.of({
    ...store,
    expiring: (now, limit) => Effect.suspend(() => outcomes.shift() ?? store.expiring(now, limit))
  })
}

const startMany = (count: number) =>
  Effect.flatMap(SessionManager, (sessions) =>
    Effect.replicateEffect(
      sessions.create({
        userId: "ada",
        provider: "mock",
        model: "mock-model",
        config: { autoArchiveAfter: "1 second" }
      }),
      count
    ))

describe("the sweep", () => {
  it.scoped("continues after the store fails, and after it dies", () =>
    Effect.gen(function*() {
      const store = yield* SessionStore
      const [session] = yield* startMany(1)
      const failing = sweeping(store, new StoreError({ reason: "Io", detail: "told to" }), Effect.die("told to"))
      yield* Effect.provideService(anotherHost({ sweepEvery: "10 seconds" }), SessionStore, failing)
      yield* TestClock.adjust("20 seconds")
      assert.strictEqual((yield* session?.info ?? Effect.dieMessage("none"))?.status, "active")
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* session?.info ?? Effect.dieMessage("none"))?.status, "archived")
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.scoped("handles all expired sessions, however many", () =>
    Effect.gen(function*() {
      const store = yield* SessionStore
      yield* startMany(250)
      yield* Effect.provideService(anotherHost({ sweepEvery: "10 seconds" }), SessionStore, store)
      yield* TestClock.adjust("10 seconds")
      assert.lengthOf((yield* store.list({ status: "archived", limit: 500 })).items, 250)
    }).pipe(Effect.provide(SessionRuntime.layerTest())))
})
