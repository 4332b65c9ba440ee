import { Effect, Layer } from "effect"
import type { MockProviderOptions } from "../../src/layers/provider/MockProvider.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import * as SessionTelemetry from "../../src/layers/telemetry/SessionTelemetry.js"
import { SessionManager } from "../../src/services/SessionManager.js"
import { Exported } from "./Exported.js"

/** A test runtime that exports spans and metrics. */
export const runtime = (options?: SessionTelemetry.SessionTelemetryOptions, mock?: MockProviderOptions) =>
  SessionRuntime.layerTest(mock).pipe(
    Layer.provide(SessionTelemetry.layer(options)),
    Layer.provideMerge(Exported.layer)
  )

/** A session with a model name of its own, because all tests of the process share the metrics. */
export const start = (model: string, fallback?: string) =>
  Effect.flatMap(SessionManager, (sessions) =>
    sessions.create({
      userId: "ada",
      provider: "mock",
      model,
      ...(fallback !== undefined && { config: { fallbacks: [{ provider: "second", model: fallback }] } })
    }))
