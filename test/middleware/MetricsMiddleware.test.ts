import { assert, describe, it } from "@effect/vitest"
import { Effect, Metric, TestClock } from "effect"
import { MiddlewareError } from "../../src/domain/error/TurnError.js"
import * as MetricsMiddleware from "../../src/layers/middleware/MetricsMiddleware.js"
import type { MiddlewareContext } from "../../src/services/Middleware.js"
import { asking, now, sessionId, turnId } from "../domain/conversation.js"
import { context, prompt, reply } from "./pipeline.js"

const { metrics } = MetricsMiddleware

/** All tests of the process share the metric registry, so each test has its own model. */
const inTurn = (model: string): MiddlewareContext => ({ ...context, turnId, session: { ...context.session, model } })
const tagged = <Type, In, Out>(
  metric: Metric.Metric<Type, In, Out>,
  model: string,
  more: Record<string, string> = {}
) =>
  Metric.value(
    Object.entries({ provider: "mock", model, ...more }).reduce(
      (tagged, [key, value]) => Metric.tagged(tagged, key, value),
      metric
    )
  )
const turn = { id: turnId, sessionId, ordinal: 1, status: "completed", attempt: 1, acceptedAt: now } as const

describe("MetricsMiddleware", () => {
  it.effect("measures prompts, replies and response times", () =>
    Effect.gen(function*() {
      const { admission, ended, reply: replied, turn: asked } = MetricsMiddleware.make()
      const told = inTurn("measured")
      yield* admission?.(prompt("Hello"), told) ?? Effect.void
      yield* asked?.(asking("Hello"), told) ?? Effect.void
      yield* TestClock.adjust("150 millis")
      yield* replied?.(reply("Hi"), told) ?? Effect.void
      yield* ended?.(turn, told) ?? Effect.void
      assert.strictEqual((yield* tagged(metrics.prompts, "measured")).count, 1)
      assert.deepInclude(yield* tagged(metrics.promptCharacters, "measured"), { count: 1, sum: 5 })
      assert.deepInclude(yield* tagged(metrics.requestMessages, "measured"), { count: 1, sum: 1 })
      assert.strictEqual((yield* tagged(metrics.replies, "measured", { finish_reason: "complete" })).count, 1)
      assert.deepInclude(yield* tagged(metrics.replyCharacters, "measured"), { count: 1, sum: 2 })
      assert.deepInclude(yield* tagged(metrics.responseTime, "measured"), { count: 1, sum: 150 })
      for (const direction of ["input", "output"]) {
        assert.strictEqual((yield* tagged(metrics.replyTokens, "measured", { direction })).count, 1)
      }
      assert.strictEqual((yield* tagged(metrics.unaccepted, "measured")).count, 0)
    }))

  it.effect("counts sends without a turn, and turns that middleware failed, by stage and name", () =>
    Effect.gen(function*() {
      const { ended } = MetricsMiddleware.make()
      const told = inTurn("refused")
      const error = new MiddlewareError({ middleware: "filter", stage: "reply", reason: "no" })
      yield* ended?.(undefined, told) ?? Effect.void
      yield* ended?.({ ...turn, status: "failed", error }, told) ?? Effect.void
      assert.strictEqual((yield* tagged(metrics.unaccepted, "refused")).count, 1)
      const refusals = yield* tagged(metrics.refusals, "refused", { stage: "reply", middleware: "filter" })
      assert.strictEqual(refusals.count, 1)
    }))

  it.effect("labels at most maxModels models, and no user or session", () =>
    Effect.gen(function*() {
      const { admission } = MetricsMiddleware.make({ maxModels: 1 })
      for (const model of ["kept", "more", "most"]) {
        yield* admission?.(prompt("Hello"), inTurn(model)) ?? Effect.void
      }
      const others = Metric.tagged(Metric.tagged(metrics.prompts, "provider", "other"), "model", "other")
      assert.strictEqual((yield* Metric.value(others)).count, 2)
      assert.strictEqual((yield* tagged(metrics.prompts, "kept")).count, 1)
      const tags = (yield* Metric.snapshot).flatMap(({ metricKey }) =>
        metricKey.name.startsWith("langswarm_pipeline_") ? metricKey.tags.map(({ key }) => key) : []
      )
      assert.deepStrictEqual([...new Set(tags)].toSorted(), [
        "direction",
        "finish_reason",
        "middleware",
        "model",
        "provider",
        "stage"
      ])
    }))
})
