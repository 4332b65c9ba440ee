import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Option, TestClock } from "effect"
import { ProviderTransient } from "../../src/domain/error/ProviderError.js"
import { StoreError } from "../../src/domain/error/StoreError.js"
import { MockProvider } from "../../src/layers/provider/MockProvider.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { MemorySessionStore } from "../../src/layers/store/MemorySessionStore.js"
import { traceStore } from "../../src/layers/telemetry/internal/tracing.js"
import * as SessionTelemetry from "../../src/layers/telemetry/SessionTelemetry.js"
import { HookBus } from "../../src/services/HookBus.js"
import { IdGenerator } from "../../src/services/IdGenerator.js"
import { MiddlewarePipeline } from "../../src/services/MiddlewarePipeline.js"
import { Pricing } from "../../src/services/Pricing.js"
import { ProviderRegistry } from "../../src/services/ProviderRegistry.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { gatedReply } from "../host/gatedReply.js"
import { script } from "../host/scripted.js"
import { Exported, type Metric, named } from "./Exported.js"
import { runtime, start } from "./runtime.js"

/** The points of a metric with these labels, without its unit. */
const points = (name: string, tags: Readonly<Record<string, string>> = {}) =>
  Effect.map(
    Effect.flatMap(Exported, ({ metrics }) => metrics),
    (metrics) =>
      metrics.filter((metric) => metric.name === name).flatMap(({ points }) => points)
        .filter(({ attributes }) => Object.entries(tags).every(([key, value]) => attributes[key] === value))
  )

const value = (name: string, tags?: Readonly<Record<string, string>>) =>
  Effect.map(
    points(name, tags),
    (all) => all.reduce((sum, { value }) => sum + (typeof value === "number" ? value : value.count), 0)
  )

/** Labels of the first test; all tests of the process share the metrics. */
const counted = (all: ReadonlyArray<Metric["points"][number]>) =>
  all.filter(({ attributes }) => String(attributes["gen_ai.request.model"]).startsWith("counted"))

/** One model has a price: a quarter of a dollar per call. */
const pricing = Layer.succeed(Pricing, {
  costOf: ({ model }) => model === "priced" ? Option.some({ nanoUsd: 250_000_000, pricedAs: "priced" }) : Option.none()
})
const priced = SessionRuntime.layer().pipe(
  Layer.provide([
    MemorySessionStore.layer(),
    IdGenerator.layerTest,
    pricing,
    MockProvider.layer().pipe(Layer.provideMerge(ProviderRegistry.layer())),
    MiddlewarePipeline.layer(),
    HookBus.layer()
  ]),
  Layer.provide(SessionTelemetry.layer()),
  Layer.provideMerge(Exported.layer)
)

const modelOf = (model: string) => ({ "gen_ai.request.model": model })

describe("the metrics of a turn", () => {
  it.scoped("count its calls and tokens by OpenTelemetry's conventions, with no label for user or session", () =>
    Effect.gen(function*() {
      yield* MockProvider.make({ name: "second", vendor: "openai" })
      yield* script({ end: new ProviderTransient({ provider: "mock", reason: "overloaded" }) })
      const session = yield* start("counted", "counted-too")
      yield* session.send("Hello, model")
      const asked = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "mock",
        "gen_ai.request.model": "counted"
      }
      const answered = { ...asked, "gen_ai.provider.name": "openai", "gen_ai.request.model": "counted-too" }
      const durations = counted(yield* points("gen_ai.client.operation.duration"))
      assert.deepStrictEqual(durations.map(({ attributes }) => attributes), [
        { ...asked, "error.type": "provider_transient", unit: "s" },
        { ...answered, unit: "s" }
      ])
      const tokens = counted(yield* points("gen_ai.client.token.usage"))
      assert.deepStrictEqual(tokens.map(({ attributes }) => attributes), [
        { ...answered, "gen_ai.token.type": "input", unit: "{token}" },
        { ...answered, "gen_ai.token.type": "output", unit: "{token}" }
      ])
      assert.deepStrictEqual(tokens.map(({ value }) => typeof value === "number" ? value : value.sum), [3, 6])
      const all = JSON.stringify(yield* Effect.flatMap(Exported, ({ metrics }) => metrics))
      assert.notInclude(all, session.id)
      assert.notInclude(all, "ada")
    }).pipe(Effect.provide(runtime())))

  it.effect("count unpriced calls, and the cost of priced ones", () =>
    Effect.gen(function*() {
      const session = yield* start("priced")
      yield* session.send("Hello")
      const unpriced = yield* start("unpriced")
      yield* unpriced.send("Hello")
      assert.strictEqual(yield* value("langswarm_session_cost", modelOf("priced")), 0.25)
      assert.deepStrictEqual(yield* points("langswarm_session_cost", modelOf("unpriced")), [])
      assert.strictEqual(yield* value("langswarm_session_unpriced_calls", modelOf("unpriced")), 1)
      assert.deepStrictEqual(yield* points("langswarm_session_unpriced_calls", modelOf("priced")), [])
    }).pipe(Effect.provide(priced)))

  it.effect("count each turn once, by its outcome", () =>
    Effect.gen(function*() {
      const before = {
        completed: yield* value("langswarm_session_turns", { outcome: "completed" }),
        failed: yield* value("langswarm_session_turns", { "error.type": "provider_transient" }),
        stopped: yield* value("langswarm_session_turns", { outcome: "stopped" })
      }
      const { asked, reply } = yield* gatedReply("never")
      yield* script(
        { text: "well" },
        { end: new ProviderTransient({ provider: "mock", reason: "overloaded" }) },
        reply
      )
      const session = yield* start("outcomes")
      yield* session.send("one")
      yield* Effect.flip(session.send("two"))
      const third = yield* Effect.fork(session.send("three"))
      yield* asked
      const waiting = yield* session.submit("never begins")
      yield* session.stop({ turnId: waiting.turnId })
      yield* session.stop()
      yield* Fiber.await(third)
      assert.deepStrictEqual({
        completed: yield* value("langswarm_session_turns", { outcome: "completed" }),
        failed: yield* value("langswarm_session_turns", { "error.type": "provider_transient" }),
        stopped: yield* value("langswarm_session_turns", { outcome: "stopped" })
      }, { completed: before.completed + 1, failed: before.failed + 1, stopped: before.stopped + 2 })
      assert.strictEqual(yield* value("langswarm_session_turn_duration"), yield* value("langswarm_session_turns"))
    }).pipe(Effect.provide(runtime())))

  it.effect("show the load of the host, and 0 after it stops", () =>
    Effect.gen(function*() {
      const load = Effect.all([
        value("langswarm_session_active_sessions"),
        value("langswarm_session_open_turns"),
        value("langswarm_session_mailbox_depth")
      ])
      yield* Effect.gen(function*() {
        const { asked, reply } = yield* gatedReply("never")
        yield* script(reply)
        const session = yield* start("busy")
        yield* Effect.fork(session.send("one"))
        yield* asked
        yield* session.submit("two")
        assert.deepStrictEqual(yield* load, [0, 0, 0])
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(yield* load, [1, 2, 0])
      }).pipe(Effect.provide(runtime({ sampleEvery: "1 second" })))
      assert.deepStrictEqual(yield* load, [0, 0, 0])
    }).pipe(Effect.provide(Exported.layer)))

  it.effect("show the duration of commits and their errors", () =>
    Effect.gen(function*() {
      const store = yield* SessionStore
      const failing = traceStore({
        ...store,
        commit: () => Effect.delay(new StoreError({ reason: "Full", detail: "injected" }), "3 millis")
      })
      const session = yield* start("full")
      const { epoch } = yield* store.open(session.id, 1)
      const commit = yield* Effect.fork(Effect.flip(failing.commit(session.id, epoch, {})))
      yield* TestClock.adjust("3 millis")
      yield* Fiber.join(commit)
      const [failed] = yield* points("langswarm_session_commit_duration", { "error.type": "store" })
      assert.strictEqual(typeof failed?.value === "object" ? failed.value.sum : undefined, 0.003)
      const [span] = yield* named("store commit")
      assert.strictEqual(span?.attributes["error.type"], "store")
    }).pipe(Effect.provide(runtime())))
})
