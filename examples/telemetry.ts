import { NodeSdk } from "@effect/opentelemetry"
import { NodeRuntime } from "@effect/platform-node"
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  PeriodicExportingMetricReader
} from "@opentelemetry/sdk-metrics"
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base"
import { Console, Effect, Layer, Logger, LogLevel } from "effect"
import {
  MiddlewarePipeline,
  MockProvider,
  ProviderTransient,
  SessionManager,
  SessionRuntime,
  SessionTelemetry
} from "langswarm-session"

// These exporters keep everything in memory to print it. A real program has OTLP exporters instead.
const spans = new InMemorySpanExporter()
const metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
const metricReader = new PeriodicExportingMetricReader({ exporter: metrics })

const openTelemetry = NodeSdk.layer(() => ({
  resource: { serviceName: "telemetry-example" },
  spanProcessor: new SimpleSpanProcessor(spans),
  metricReader
}))

/** Name, outcome and tokens of each span, with its children indented. */
const printSpans = (all: ReadonlyArray<ReadableSpan>, parent?: string, indent = ""): Effect.Effect<void> =>
  Effect.forEach(
    all.filter(({ parentSpanContext }) => parentSpanContext?.spanId === parent),
    (span) => {
      const { "error.type": error, "gen_ai.usage.output_tokens": tokens } = span.attributes
      const line = [span.name, error && `failed: ${error}`, tokens && `${tokens} tokens`].filter(Boolean).join(", ")
      return Effect.zipRight(Console.log(`${indent}${line}`), printSpans(all, span.spanContext().spanId, `${indent}  `))
    },
    { discard: true }
  )

const shownTags = ["gen_ai.request.model", "gen_ai.token.type", "error.type", "outcome"]

/** The value of each counter and gauge, and the number of measurements of each histogram. */
const printMetrics = Effect.gen(function*() {
  yield* Effect.promise(() => metricReader.forceFlush())
  const [exported] = metrics.getMetrics()
  const all = exported?.scopeMetrics.flatMap(({ metrics }) => metrics) ?? []
  const ours = all.filter(({ descriptor }) => /^(gen_ai|langswarm)/.test(descriptor.name))
  for (const { dataPoints, descriptor } of ours) {
    for (const { attributes, value } of dataPoints) {
      const tags = shownTags.flatMap((tag) => (attributes[tag] === undefined ? [] : [`${attributes[tag]}`]))
      const shown = typeof value === "number" ? `${value}` : `${value.count} measured`
      yield* Console.log(`${[descriptor.name, ...tags].join(" ")}: ${shown}`)
    }
  }
})

const program = Effect.gen(function*() {
  const mock = yield* MockProvider
  yield* MockProvider.make({ name: "second" })
  yield* mock.script([{ end: new ProviderTransient({ provider: "mock", reason: "overloaded" }) }])
  const pipeline = yield* MiddlewarePipeline
  yield* pipeline.add({ name: "polite", admission: Effect.succeed })

  const sessions = yield* SessionManager
  const session = yield* sessions.create({
    userId: "ada",
    provider: "mock",
    model: "first-model",
    config: { fallbacks: [{ provider: "second", model: "second-model" }] }
  })
  yield* session.send("Hello")
  yield* printSpans(spans.getFinishedSpans())
  yield* printMetrics
})

program.pipe(
  Effect.scoped,
  Effect.provide(
    SessionRuntime.layerTest().pipe(Layer.provide(SessionTelemetry.layer()), Layer.provideMerge(openTelemetry))
  ),
  // The failed call of the first model is a warning in the log, and an error of its span.
  Logger.withMinimumLogLevel(LogLevel.Error),
  NodeRuntime.runMain
)
