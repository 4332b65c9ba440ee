import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import * as MetricLabel from "effect/MetricLabel"
import type { Attempt } from "../../../domain/Turn.js"
import type { ReplyFold } from "../../../services/internal/calls/foldReply.js"
import { responseModel } from "./genAi.js"

const histogram = (name: string, unit: string, boundaries: ReadonlyArray<number>, description: string) =>
  // `@effect/opentelemetry` reads the unit from a tag of this name.
  Metric.tagged(Metric.histogram(name, MetricBoundaries.fromIterable(boundaries), description), "unit", unit)

const counter = (name: string, unit: string, description: string) =>
  Metric.tagged(Metric.counter(name, { description, incremental: true }), "unit", unit)

/** 1, 4, 16, and so on. */
const tokenBoundaries = Array.from({ length: 14 }, (_, index) => 4 ** index)
/** Seconds: 0.01, 0.02, 0.04, and so on. */
const callBoundaries = Array.from({ length: 14 }, (_, index) => 2 ** index / 100)
/** Seconds: 0.0001, 0.0002, 0.0004, and so on. */
const commitBoundaries = Array.from({ length: 15 }, (_, index) => 2 ** index / 10_000)

/**
 * All metrics. The names and boundaries of the first two are OpenTelemetry's:
 * https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/gen-ai-metrics.md
 */
export const meters = {
  tokens: histogram("gen_ai.client.token.usage", "{token}", tokenBoundaries, "Tokens of a provider call"),
  callDuration: histogram("gen_ai.client.operation.duration", "s", callBoundaries, "Duration of a provider call"),
  cost: counter("langswarm_session_cost", "USD", "Cost of provider calls with a known price"),
  unpricedCalls: counter(
    "langswarm_session_unpriced_calls",
    "{call}",
    "Provider calls that used tokens of unknown price"
  ),
  turns: counter("langswarm_session_turns", "{turn}", "Ended turns"),
  turnDuration: histogram(
    "langswarm_session_turn_duration",
    "s",
    callBoundaries,
    "Duration of a turn from acceptance to end"
  ),
  commitDuration: histogram("langswarm_session_commit_duration", "s", commitBoundaries, "Duration of a store commit"),
  activeSessions: Metric.tagged(
    Metric.gauge("langswarm_session_active_sessions", { description: "Sessions with an actor in memory" }),
    "unit",
    "{session}"
  ),
  openTurns: Metric.tagged(
    Metric.gauge("langswarm_session_open_turns", { description: "Turns that are accepted and have not ended" }),
    "unit",
    "{turn}"
  ),
  mailboxDepth: Metric.tagged(
    Metric.gauge("langswarm_session_mailbox_depth", { description: "Commands in all command queues" }),
    "unit",
    "{command}"
  )
}

/**
 * Records the tokens, cost and duration of a provider call.
 */
export const measureCall = (
  { cost, durationMs, error, model, provider, usage }: Attempt,
  fold: ReplyFold,
  vendor: string | undefined
): Effect.Effect<void> => {
  const tags = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": vendor ?? provider,
    "gen_ai.request.model": model,
    "gen_ai.response.model": responseModel(fold)
  }
  const counts = [
    ...(durationMs === undefined ? [] : [
      measure(meters.callDuration, durationMs / 1e3, { ...tags, "error.type": error?.code })
    ]),
    ...(usage === undefined ? [] : [
      measure(meters.tokens, usage.inputTokens, { ...tags, "gen_ai.token.type": "input" }),
      measure(meters.tokens, usage.outputTokens, { ...tags, "gen_ai.token.type": "output" }),
      cost === undefined
        ? measure(meters.unpricedCalls, 1, tags)
        : measure(meters.cost, cost.nanoUsd / 1e9, tags)
    ])
  ]
  return Effect.all(counts, { discard: true })
}

/**
 * Updates a metric under labels. Undefined labels are left out.
 */
export const measure = <Type, Out>(
  metric: Metric.Metric<Type, number, Out>,
  value: number,
  labels: Readonly<Record<string, string | undefined>>
): Effect.Effect<void> => Metric.update(Metric.taggedWithLabels(metric, toLabels(labels)), value)

const toLabels = (labels: Readonly<Record<string, string | undefined>>): ReadonlyArray<MetricLabel.MetricLabel> =>
  Object.entries(labels).flatMap(([name, value]) => (value === undefined ? [] : [MetricLabel.make(name, value)]))
