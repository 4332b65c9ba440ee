import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"

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
