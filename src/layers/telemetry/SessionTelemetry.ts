import type * as Duration from "effect/Duration"
import * as Layer from "effect/Layer"
import { CurrentInstrumentation } from "../../services/internal/Instrumentation.js"
import { propagate } from "./internal/spans.js"
import { sampleHost, traceCall, traceMiddleware, traceStore, traceTurn } from "./internal/tracing.js"

export interface SessionTelemetryOptions {
  /** Also tells what was said, as `gen_ai.input.messages` and `gen_ai.output.messages`; text only. False unless told. */
  readonly content?: boolean
  /** How often active sessions, open turns and the depth of the mailboxes are measured. 5 seconds unless told. */
  readonly sampleEvery?: Duration.DurationInput
}

/**
 * Spans for each turn, provider call, commit and middleware, and metrics of them, with the names of OpenTelemetry's
 * conventions for generative AI. They go to Effect's `Tracer` and `Metric`; `@effect/opentelemetry` brings both to an exporter.
 *
 * A runtime that is provided with it is watched; without it there are only the spans of the public operations:
 *
 * ```ts
 * SessionRuntime.layerProduction(options).pipe(Layer.provide(SessionTelemetry.layer()), Layer.provide(NodeSdk.layer(...)))
 * ```
 *
 * Spans tell of errors by their code alone, and metrics know neither users nor sessions.
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
