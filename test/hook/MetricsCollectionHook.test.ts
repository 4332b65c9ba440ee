// A hook may fail with any error.
// @effect-diagnostics anyUnknownInErrorContext:off
import { assert, describe, it } from "@effect/vitest"
import { Effect, Metric } from "effect"
import { makeSessionContext } from "../../src/domain/SessionContext.js"
import * as MetricsCollectionHook from "../../src/layers/hook/MetricsCollectionHook.js"
import { MemorySessionStore } from "../../src/layers/store/MemorySessionStore.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { now, session } from "../domain/conversation.js"
import { archived, completed, created, deleted, errored, failed, received, sent } from "./events.js"

const { metrics } = MetricsCollectionHook

const storing = Effect.flatMap(SessionStore, (store) => store.create(session, makeSessionContext(session.id, now)))

/** The amount that an effect adds to a counter, or to the sum of a histogram. */
const added = <A, E, R>(effect: Effect.Effect<A, E, R>, read: Effect.Effect<number>) =>
  Effect.gen(function*() {
    const before = yield* read
    yield* effect
    return (yield* read) - before
  })

const ofProvider = (metric: typeof metrics.sessionsCreated, provider = "mock") =>
  Effect.map(Metric.value(Metric.tagged(metric, "provider", provider)), ({ count }) => count)

const ofRole = (role: string) =>
  Effect.map(Metric.value(Metric.tagged(metrics.messages, "role", role)), ({ count }) => count)

const sum = (metric: typeof metrics.responseTime) => Effect.map(Metric.value(metric), ({ sum }) => sum)

const count = (metric: typeof metrics.inputTokens) => Effect.map(Metric.value(metric), ({ count }) => count)

describe("MetricsCollectionHook", () => {
  it.effect("counts sessions by provider, archived ones by their stored provider", () =>
    Effect.gen(function*() {
      yield* storing
      const { on } = yield* MetricsCollectionHook.make()
      assert.strictEqual(yield* added(on(created), ofProvider(metrics.sessionsCreated)), 1)
      assert.strictEqual(yield* added(on(deleted), ofProvider(metrics.sessionsDeleted)), 1)
      const seconds = Effect.map(Metric.value(metrics.sessionDuration), ({ sum }) => sum)
      assert.strictEqual(yield* added(on(archived), seconds), 60)
      assert.strictEqual(yield* added(on(archived), ofProvider(metrics.sessionsArchived)), 1)
      const errors = Effect.map(Metric.value(metrics.sessionsErrored), ({ count }) => count)
      assert.strictEqual(yield* added(on(errored), errors), 1)
    }).pipe(Effect.provide(MemorySessionStore.layer())))

  it.effect("counts an archived session that no longer exists under the provider unknown", () =>
    Effect.gen(function*() {
      const { on } = yield* MetricsCollectionHook.make()
      assert.strictEqual(yield* added(on(archived), ofProvider(metrics.sessionsArchived, "unknown")), 1)
    }).pipe(Effect.provide(MemorySessionStore.layer())))

  it.effect("measures messages, replies and turns", () =>
    Effect.gen(function*() {
      const { on } = yield* MetricsCollectionHook.make()
      const length = Effect.map(
        Metric.value(Metric.tagged(metrics.messageLength, "role", "user")),
        ({ sum }) => sum
      )
      assert.strictEqual(yield* added(on(sent("hello")), ofRole("user")), 1)
      assert.strictEqual(yield* added(on(sent("hello")), length), 5)
      assert.strictEqual(yield* added(on(received(12)), ofRole("assistant")), 1)
      assert.strictEqual(yield* added(on(received(12)), sum(metrics.responseTime)), 12)
      assert.strictEqual(yield* added(on(received(12)), count(metrics.inputTokens)), 7)
      assert.strictEqual(yield* added(on(received(12)), count(metrics.outputTokens)), 5)
      assert.strictEqual(yield* added(on(completed), count(metrics.turnsCompleted)), 1)
      const transient = Metric.tagged(metrics.turnsFailed, "error", "ProviderTransient")
      const failures = Effect.map(Metric.value(transient), ({ count }) => count)
      assert.strictEqual(yield* added(on(failed), failures), 1)
    }).pipe(Effect.provide(MemorySessionStore.layer())))

  it.effect("reports a slow reply, and an error rate once until it is back within the limit", () =>
    Effect.gen(function*() {
      const crossed: Array<MetricsCollectionHook.ThresholdCrossed> = []
      const { on } = yield* MetricsCollectionHook.make({
        slowResponse: "1 second",
        errorRate: 0.5,
        errorRateOver: 4,
        onThreshold: (crossing) => Effect.sync(() => crossed.push(crossing))
      })
      yield* on(received(1000))
      assert.deepStrictEqual(crossed, [])
      yield* on(received(1001))
      assert.deepStrictEqual(crossed.splice(0), [
        { kind: "slowResponse", sessionId: session.id, milliseconds: 1001, limit: 1000 }
      ])
      yield* Effect.forEach([failed, failed, failed], on)
      assert.deepStrictEqual(crossed, [])
      yield* on(failed)
      yield* on(failed)
      assert.deepStrictEqual(crossed.splice(0), [{ kind: "errorRate", rate: 1, limit: 0.5, turns: 4 }])
      yield* Effect.forEach([completed, completed, failed], on)
      assert.deepStrictEqual(crossed, [])
      yield* on(failed)
      assert.deepStrictEqual(crossed, [])
      yield* on(failed)
      assert.deepStrictEqual(crossed, [{ kind: "errorRate", rate: 0.75, limit: 0.5, turns: 4 }])
    }).pipe(Effect.provide(MemorySessionStore.layer())))
})
