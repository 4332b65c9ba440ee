import { NodeSdk } from "@effect/opentelemetry"
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  type MetricData,
  PeriodicExportingMetricReader
} from "@opentelemetry/sdk-metrics"
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base"
import { Context, Effect, Layer } from "effect"

/** Longer than any test. */
const exportIntervalMillis = 2 ** 31 - 1

/** A span without its times and ids. */
export interface Span extends Pick<ReadableSpan, "attributes" | "events" | "kind" | "name" | "status"> {
  readonly children: ReadonlyArray<Span>
}

export interface Metric {
  readonly name: string
  readonly unit: string
  readonly points: ReadonlyArray<MetricData["dataPoints"][number]>
}

/**
 * The spans and metrics that reached OpenTelemetry's exporters.
 */
export class Exported extends Context.Tag("langswarm-session/test/telemetry/Exported")<Exported, {
  /** Root spans with their children, in the order in which they ended. */
  readonly spans: Effect.Effect<ReadonlyArray<Span>>
  readonly metrics: Effect.Effect<ReadonlyArray<Metric>>
}>() {
  static readonly layer: Layer.Layer<Exported> = Layer.unwrapEffect(Effect.sync(() => {
    const spans = new InMemorySpanExporter()
    const spanProcessor = new SimpleSpanProcessor(spans)
    const metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
    const metricReader = new PeriodicExportingMetricReader({ exporter: metrics, exportIntervalMillis })
    return Layer.merge(
      NodeSdk.layer(() => ({ resource: { serviceName: "test" }, spanProcessor, metricReader })),
      Layer.succeed(Exported, {
        spans: Effect.map(Effect.promise(() => spanProcessor.forceFlush()), () => childrenOf(spans.getFinishedSpans())),
        metrics: Effect.map(
          Effect.promise(() => metricReader.forceFlush()),
          () =>
            (metrics.getMetrics().at(-1)?.scopeMetrics ?? []).flatMap(({ metrics }) =>
              metrics.map(({ dataPoints, descriptor: { name, unit } }) => ({ name, unit, points: [...dataPoints] }))
            )
        )
      })
    )
  }))
}

const childrenOf = (all: ReadonlyArray<ReadableSpan>, parent?: string): ReadonlyArray<Span> =>
  all.filter(({ parentSpanContext }) => parentSpanContext?.spanId === parent).map((span) => ({
    name: span.name,
    kind: span.kind,
    status: span.status,
    attributes: span.attributes,
    events: span.events,
    children: childrenOf(all, span.spanContext().spanId)
  }))

/** One line per span, children indented. */
export const outline = (spans: ReadonlyArray<Span>, indent = ""): ReadonlyArray<string> =>
  spans.flatMap(({ children, name }) => [`${indent}${name}`, ...outline(children, `${indent}  `)])

/** All spans in a flat list. */
export const flatten = (spans: ReadonlyArray<Span>): ReadonlyArray<Span> =>
  spans.flatMap((span) => [span, ...flatten(span.children)])

/** The spans with this name. */
export const named = (name: string) =>
  Effect.map(
    Effect.flatMap(Exported, ({ spans }) => spans),
    (spans) => flatten(spans).filter((span) => span.name === name)
  )
