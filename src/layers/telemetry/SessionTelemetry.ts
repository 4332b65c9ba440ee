import type * as Duration from "effect/Duration"
import * as Layer from "effect/Layer"
import { layerFromConfig } from "../../services/internal/config.js"
import { CurrentInstrumentation } from "../../services/internal/Instrumentation.js"
import { propagate } from "./internal/spans.js"
import { sampleHost, traceCall, traceMiddleware, traceStore, traceTurn } from "./internal/tracing.js"

export interface SessionTelemetryOptions {
  /** Adds the text of messages to the spans, as `gen_ai.input.messages` and `gen_ai.output.messages`. Default: false. */
  readonly content?: boolean
  /** Interval at which active sessions, open turns and the depth of the command queues are measured. Default: 5 seconds. */
  readonly sampleEvery?: Duration.DurationInput
}

/**
 * Spans for each turn, provider call, commit and middleware, and metrics of them, named by OpenTelemetry's conventions for
 * generative AI. They go to Effect's `Tracer` and `Metric`. This module needs no other package; `@effect/opentelemetry` exports
 * them.
 *
 * It instruments the runtime it is provided to. Without it there are only the spans of the public operations:
 *
 * ```ts
 * SessionRuntime.layerProduction(options).pipe(Layer.provide(SessionTelemetry.layer()), Layer.provide(NodeSdk.layer(...)))
 * ```
 *
 * Spans name errors by their code only. Metrics have no user or session as a label.
 */
export const layer = ({ content = false, sampleEvery = "5 seconds" }: SessionTelemetryOptions = {}): Layer.Layer<
  never
> =>
  Layer.succeed(CurrentInstrumentation, {
    propagate,
    store: traceStore,
    turn: traceTurn,
    call: traceCall(content),
    middleware: traceMiddleware,
    host: sampleHost(sampleEvery)
  })

/**
 * `layer` with options read from `Config`.
 */
export const layerConfig = layerFromConfig(layer)
