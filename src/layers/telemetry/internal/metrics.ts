import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import * as MetricLabel from "effect/MetricLabel"
import type { Attempt } from "../../../domain/Turn.js"
import type { ReplyFold } from "../../../services/internal/calls/foldReply.js"
import { responseModel } from "./genAi.js"

/**
 * Adds a value to a metric, under tags. Tags that are not known are left out.
 */
export const measure = <Type, Out>(
  metric: Metric.Metric<Type, number, Out>,
  value: number,
  tags: Readonly<Record<string, string | undefined>>
): Effect.Effect<void> => Metric.update(Metric.taggedWithLabels(metric, labelsOf(tags)), value)

const labelsOf = (tags: Readonly<Record<string, string | undefined>>): ReadonlyArray<MetricLabel.MetricLabel> =>
  Object.entries(tags).flatMap(([name, value]) => (value === undefined ? [] : [MetricLabel.make(name, value)]))

const histogram = (name: string, unit: string, boundaries: ReadonlyArray<number>, description: string) =>
  // `@effect/opentelemetry` takes the unit from the tag of this name.
  Metric.tagged(Metric.histogram(name, MetricBoundaries.fromIterable(boundaries), description), "unit", unit)

const counter = (name: string, unit: string, description: string) =>
  Metric.tagged(Metric.counter(name, { description, incremental: true }), "unit", unit)

/** From 1, each 4 times the last one. */
const tokenBoundaries = Array.from({ length: 14 }, (_, index) => 4 ** index)
/** From a hundredth of a second, each twice the last one. */
const callBoundaries = Array.from({ length: 14 }, (_, index) => 2 ** index / 100)
/** From a tenth of a millisecond, each twice the last one. */
const commitBoundaries = Array.from({ length: 15 }, (_, index) => 2 ** index / 10_000)

/**
 * What is measured. The names and the boundaries of the first two are OpenTelemetry's:
 * https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/gen-ai-metrics.md
 */
export const meters = {
  tokens: histogram("gen_ai.client.token.usage", "{token}", tokenBoundaries, "Tokens of a provider call"),
  callDuration: histogram("gen_ai.client.operation.duration", "s", callBoundaries, "Duration of a provider call"),
  cost: counter("langswarm_session_cost", "USD", "Cost of provider calls whose prices are known"),
  unpricedCalls: counter(
    "langswarm_session_unpriced_calls",
    "{call}",
    "Provider calls that used tokens whose price is not known"
  ),
  turns: counter("langswarm_session_turns", "{turn}", "Turns that have ended"),
  turnDuration: histogram(
    "langswarm_session_turn_duration",
    "s",
    callBoundaries,
    "Duration of a turn, from its acceptance to its end"
  ),
  commitDuration: histogram("langswarm_session_commit_duration", "s", commitBoundaries, "Duration of a store's commit"),
  activeSessions: Metric.tagged(
    Metric.gauge("langswarm_session_active_sessions", { description: "Sessions that have an actor" }),
    "unit",
    "{session}"
  ),
  openTurns: Metric.tagged(
    Metric.gauge("langswarm_session_open_turns", { description: "Turns that are accepted and not ended" }),
    "unit",
    "{turn}"
  ),
  mailboxDepth: Metric.tagged(
    Metric.gauge("langswarm_session_mailbox_depth", { description: "Commands that wait in all mailboxes" }),
    "unit",
    "{command}"
  )
}

/**
 * Counts what a provider call has used, cost and taken.
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
