import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import * as Option from "effect/Option"
import type { ConfigurationError } from "../../domain/error/RequestError.js"
import type { StoreError } from "../../domain/error/StoreError.js"
import type { SessionEvent } from "../../domain/Events.js"
import type { SessionId } from "../../domain/Ids.js"
import type { Message } from "../../domain/Message.js"
import type { Hook } from "../../services/Hook.js"
import { HookBus } from "../../services/HookBus.js"
import { layerFromConfig } from "../../services/internal/config.js"
import { SessionStore } from "../../services/SessionStore.js"

export interface MetricsCollectionHookOptions {
  /** A reply that takes longer crosses a threshold. Default: none. */
  readonly slowResponse?: Duration.DurationInput
  /**
   * Share of the latest turns that may fail, from 0 to 1. Exceeding it crosses a threshold, once until the rate is back within the
   * limit. Default: none.
   */
  readonly errorRate?: number
  /** Number of latest turns that `errorRate` is measured over, once there are as many. Default: 50. */
  readonly errorRateOver?: number
  /** Called when a threshold is crossed. Default: logs at level `Warning`. */
  readonly onThreshold?: (crossed: ThresholdCrossed) => Effect.Effect<void>
}

/**
 * A threshold of `MetricsCollectionHookOptions` that was exceeded.
 */
export type ThresholdCrossed =
  | {
    readonly kind: "slowResponse"
    readonly sessionId: SessionId
    readonly milliseconds: number
    readonly limit: number
  }
  | { readonly kind: "errorRate"; readonly rate: number; readonly limit: number; readonly turns: number }

/**
 * A hook named `metrics` that updates `metrics`. Its labels are a provider, a role or the tag of an error, never a user or a
 * session, because each value of a label is a time series.
 */
export const make = (
  {
    errorRate = 1,
    errorRateOver = 50,
    onThreshold = logThreshold,
    slowResponse = Duration.infinity
  }: MetricsCollectionHookOptions = {}
): Effect.Effect<Hook, never, SessionStore> =>
  Effect.map(SessionStore, (store) => {
    const slowAfter = Duration.toMillis(slowResponse)
    const addTurn = makeErrorRate(errorRateOver, errorRate)

    const measureMessage = Effect.fnUntraced(function*({ processingTimeMs, role, sessionId, text, usage }: Message) {
      yield* Metric.increment(withLabel(metrics.messages, "role", role))
      yield* Metric.update(withLabel(metrics.messageLength, "role", role), text.length)
      if (usage?.inputTokens !== undefined) yield* Metric.incrementBy(metrics.inputTokens, usage.inputTokens)
      if (usage?.outputTokens !== undefined) yield* Metric.incrementBy(metrics.outputTokens, usage.outputTokens)
      if (processingTimeMs === undefined) return
      yield* Metric.update(metrics.responseTime, processingTimeMs)
      if (processingTimeMs > slowAfter) {
        yield* onThreshold({ kind: "slowResponse", sessionId, milliseconds: processingTimeMs, limit: slowAfter })
      }
    })

    const measureArchived = Effect.fnUntraced(function*({ at, sessionId }: SessionEvent) {
      // The session may have been deleted since.
      const session = Option.getOrUndefined(yield* Effect.option(store.get(sessionId)))
      yield* Metric.increment(withLabel(metrics.sessionsArchived, "provider", session?.provider ?? "unknown"))
      if (session === undefined) return
      const millis = Duration.toMillis(DateTime.distanceDuration(session.createdAt, at))
      yield* Metric.update(metrics.sessionDuration, millis / 1000)
    })

    const updateErrorRate = (failed: boolean) =>
      Effect.suspend(() => {
        const rate = addTurn(failed)
        return rate === undefined
          ? Effect.void
          : onThreshold({ kind: "errorRate", rate, limit: errorRate, turns: errorRateOver })
      })

    const on = Effect.fnUntraced(function*(event: SessionEvent): Effect.fn.Return<void, StoreError> {
      switch (event._tag) {
        case "SessionCreated":
          return yield* Metric.increment(withLabel(metrics.sessionsCreated, "provider", event.session.provider))
        case "SessionArchived":
          return yield* measureArchived(event)
        case "SessionDeleted":
          return yield* Metric.increment(withLabel(metrics.sessionsDeleted, "provider", event.provider))
        case "SessionErrored":
          return yield* Metric.increment(metrics.sessionsErrored)
        case "MessageSent":
        case "MessageReceived":
          return yield* measureMessage(event.message)
        case "TurnFailed":
          yield* Metric.increment(withLabel(metrics.turnsFailed, "error", event.error._tag))
          return yield* updateErrorRate(true)
        case "TurnCompleted":
          yield* Metric.increment(metrics.turnsCompleted)
          return yield* updateErrorRate(false)
        case "TurnStopped":
          return yield* Metric.increment(metrics.turnsStopped)
      }
    })

    return { name: "metrics", on }
  })

/**
 * Adds the hook to the bus. Fails with `ConfigurationError` when there is already a hook named `metrics`.
 */
export const layer = (
  options?: MetricsCollectionHookOptions
): Layer.Layer<never, ConfigurationError, HookBus | SessionStore> =>
  Layer.scopedDiscard(
    Effect.flatMap(Effect.all([HookBus, make(options)]), ([bus, hook]) => bus.add(hook))
  )

/**
 * `layer` with options read from `Config`.
 */
export const layerConfig = layerFromConfig(layer)

const counter = (name: string, description: string) =>
  Metric.counter(`langswarm_session_${name}`, { description, incremental: true })

/**
 * The metrics, shared by all runtimes of a process. Sessions are labeled with `provider`, messages and their length with `role`,
 * failed turns with `error`.
 */
export const metrics = {
  sessionsCreated: counter("sessions_created", "Sessions created, forks included"),
  sessionsArchived: counter("sessions_archived", "Sessions archived"),
  sessionsDeleted: counter("sessions_deleted", "Sessions deleted"),
  sessionsErrored: counter("sessions_errored", "Sessions that entered the errored state after repeated failures"),
  messages: counter("messages", "Messages added to a history"),
  inputTokens: counter("input_tokens", "Input tokens of replies"),
  outputTokens: counter("output_tokens", "Output tokens of replies"),
  turnsCompleted: counter("turns_completed", "Turns completed"),
  turnsStopped: counter("turns_stopped", "Turns stopped"),
  turnsFailed: counter("turns_failed", "Turns failed"),
  messageLength: Metric.histogram(
    "langswarm_session_message_length",
    MetricBoundaries.exponential({ start: 16, factor: 4, count: 8 }),
    "Characters of a message's text"
  ),
  responseTime: Metric.histogram(
    "langswarm_session_response_time_ms",
    MetricBoundaries.exponential({ start: 50, factor: 2, count: 12 }),
    "Milliseconds from a provider call to its last token"
  ),
  sessionDuration: Metric.histogram(
    "langswarm_session_session_duration_seconds",
    MetricBoundaries.exponential({ start: 1, factor: 8, count: 9 }),
    "Seconds from a session's creation to its archiving"
  )
}

const withLabel = <Type, In, Out>(
  metric: Metric.Metric<Type, In, Out>,
  key: "error" | "provider" | "role",
  value: string
): Metric.Metric<Type, In, Out> => Metric.tagged(metric, key, value)

const logThreshold = ({ kind, ...details }: ThresholdCrossed) =>
  Effect.annotateLogs(Effect.logWarning(`Threshold crossed: ${kind}`), details)

/**
 * Tracks the share of failed turns among the latest ones. The function returns the rate when a turn raises it above the limit.
 */
const makeErrorRate = (over: number, limit: number) => {
  const latest: Array<boolean> = []
  let failures = 0
  let isAbove = false

  return (failed: boolean): number | undefined => {
    latest.push(failed)
    if (failed) failures += 1
    if (latest.length > over && latest.shift()) failures -= 1
    if (latest.length < over) return undefined
    const rate = failures / latest.length
    const wasAbove = isAbove
    isAbove = rate > limit
    return isAbove && !wasAbove ? rate : undefined
  }
}
