import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import type { ConfigurationError } from "../../domain/error/RequestError.js"
import type { StoreError } from "../../domain/error/StoreError.js"
import type { SessionEvent } from "../../domain/Events.js"
import type { SessionId } from "../../domain/Ids.js"
import type { Message } from "../../domain/Message.js"
import type { Hook } from "../../services/Hook.js"
import { HookBus } from "../../services/HookBus.js"
import { SessionStore } from "../../services/SessionStore.js"

/**
 * Watches which share of the latest turns has failed.
 */
export const makeErrorRate = (over: number, limit: number) => {
  const latest: Array<boolean> = []
  let failures = 0
  let isAbove = false

  return {
    /** Answers the rate when this turn has raised it above the limit. */
    add: (failed: boolean): number | undefined => {
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
}

/** The metrics that `MetricsCollectionHook` keeps. */

const counter = (name: string, description: string) =>
  Metric.counter(`langswarm_session_${name}`, { description, incremental: true })

export const sessionsCreated = counter("sessions_created", "Sessions that were started, forks too")
export const sessionsArchived = counter("sessions_archived", "Sessions that were archived")
export const sessionsDeleted = counter("sessions_deleted", "Sessions that were deleted")
export const sessionsErrored = counter("sessions_errored", "Sessions that failed too often to go on by themselves")
export const messages = counter("messages", "Messages that entered a history")
export const inputTokens = counter("input_tokens", "Tokens that replies were made from")
export const outputTokens = counter("output_tokens", "Tokens of replies")
export const turnsCompleted = counter("turns_completed", "Turns that were answered")
export const turnsStopped = counter("turns_stopped", "Turns that were stopped")
export const turnsFailed = counter("turns_failed", "Turns that failed")

export const messageLength = Metric.histogram(
  "langswarm_session_message_length",
  MetricBoundaries.exponential({ start: 16, factor: 4, count: 8 }),
  "Characters of a message's text"
)
export const responseTime = Metric.histogram(
  "langswarm_session_response_time_ms",
  MetricBoundaries.exponential({ start: 50, factor: 2, count: 12 }),
  "Milliseconds from a provider call to its last token"
)
export const sessionDuration = Metric.histogram(
  "langswarm_session_session_duration_seconds",
  MetricBoundaries.exponential({ start: 1, factor: 8, count: 9 }),
  "Seconds from a session's creation to its archiving"
)

export const withTag = <Type, In, Out>(
  metric: Metric.Metric<Type, In, Out>,
  key: "error" | "provider" | "role",
  value: string
): Metric.Metric<Type, In, Out> => Metric.tagged(metric, key, value)

/**
 * Something is worse than it may be.
 */
export type ThresholdCrossed =
  | {
    readonly kind: "slowResponse"
    readonly sessionId: SessionId
    readonly milliseconds: number
    readonly limit: number
  }
  | { readonly kind: "errorRate"; readonly rate: number; readonly limit: number; readonly turns: number }

export interface MetricsCollectionHookOptions {
  /** A reply that took longer crosses a threshold; none does unless told. */
  readonly slowResponse?: Duration.DurationInput
  /**
   * Which share of the latest turns may fail, between 0 and 1; one that raises it beyond crosses a threshold, once until the
   * rate has come back. Not looked at unless told.
   */
  readonly errorRate?: number
  /** How many of the latest turns that is of, and how many there must be at least. 50 unless told. */
  readonly errorRateOver?: number
  /** Told of each crossing. A line in the log at level `Warning` unless told. */
  readonly onThreshold?: (crossed: ThresholdCrossed) => Effect.Effect<void>
}

const warn = ({ kind, ...details }: ThresholdCrossed) =>
  Effect.annotateLogs(Effect.logWarning(`Threshold crossed: ${kind}`), details)

/**
 * A hook named `metrics` that counts and measures into Effect's metrics: docs/hooks.md lists them. They carry a provider, a
 * role or an error's tag, and never a user or a session: each value of a tag is a series of its own.
 */
export const make = (
  {
    errorRate = 1,
    errorRateOver = 50,
    onThreshold = warn,
    slowResponse = Duration.infinity
  }: MetricsCollectionHookOptions = {}
): Effect.Effect<Hook, never, SessionStore> =>
  Effect.map(SessionStore, (store) => {
    const slowAfter = Duration.toMillis(slowResponse)
    const errors = makeErrorRate(errorRateOver, errorRate)

    /** Of a session that may be gone by now. */
    const infoOf = (id: SessionId) => Effect.option(store.get(id))

    const measure = Effect.fnUntraced(function*({ processingTimeMs, role, sessionId, text, usage }: Message) {
      yield* Metric.increment(withTag(messages, "role", role))
      yield* Metric.update(withTag(messageLength, "role", role), text.length)
      if (usage?.inputTokens !== undefined) yield* Metric.incrementBy(inputTokens, usage.inputTokens)
      if (usage?.outputTokens !== undefined) yield* Metric.incrementBy(outputTokens, usage.outputTokens)
      if (processingTimeMs === undefined) return
      yield* Metric.update(responseTime, processingTimeMs)
      if (processingTimeMs > slowAfter) {
        yield* onThreshold({ kind: "slowResponse", sessionId, milliseconds: processingTimeMs, limit: slowAfter })
      }
    })

    const ended = (failed: boolean) =>
      Effect.suspend(() => {
        const rate = errors.add(failed)
        return rate === undefined
          ? Effect.void
          : onThreshold({ kind: "errorRate", rate, limit: errorRate, turns: errorRateOver })
      })

    const on = Effect.fnUntraced(function*(event: SessionEvent): Effect.fn.Return<void, StoreError> {
      switch (event._tag) {
        case "SessionCreated":
          return yield* Metric.increment(
            withTag(sessionsCreated, "provider", event.session.provider)
          )
        case "SessionArchived": {
          const session = yield* infoOf(event.sessionId)
          const provider = session._tag === "Some" ? session.value.provider : "unknown"
          yield* Metric.increment(withTag(sessionsArchived, "provider", provider))
          if (session._tag === "Some") {
            const millis = Duration.toMillis(DateTime.distanceDuration(session.value.createdAt, event.at))
            yield* Metric.update(sessionDuration, millis / 1000)
          }
          return
        }
        case "SessionDeleted":
          return yield* Metric.increment(withTag(sessionsDeleted, "provider", event.provider))
        case "SessionErrored":
          return yield* Metric.increment(sessionsErrored)
        case "MessageSent":
        case "MessageReceived":
          return yield* measure(event.message)
        case "TurnFailed":
          yield* Metric.increment(withTag(turnsFailed, "error", event.error._tag))
          return yield* ended(true)
        case "TurnCompleted":
          yield* Metric.increment(turnsCompleted)
          return yield* ended(false)
        case "TurnStopped":
          return yield* Metric.increment(turnsStopped)
      }
    })

    return { name: "metrics", on }
  })

/**
 * Adds it to the bus. Fails when a hook named `metrics` is there already.
 */
export const layer = (
  options?: MetricsCollectionHookOptions
): Layer.Layer<never, ConfigurationError, HookBus | SessionStore> =>
  Layer.scopedDiscard(
    Effect.flatMap(Effect.all([HookBus, make(options)]), ([bus, hook]) => bus.add(hook))
  )
