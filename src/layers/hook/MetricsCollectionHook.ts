import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import type { ConfigurationError } from "../../domain/error/ConfigurationError.js"
import type { StoreError } from "../../domain/error/StoreError.js"
import type { Message } from "../../domain/Message.js"
import type { SessionEvent } from "../../domain/SessionEvent.js"
import type { SessionId } from "../../domain/SessionId.js"
import type { Hook } from "../../services/Hook.js"
import { HookBus } from "../../services/HookBus.js"
import { SessionStore } from "../../services/SessionStore.js"
import { makeErrorRate } from "./internal/metrics/makeErrorRate.js"
import * as metrics from "./internal/metrics/metrics.js"

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
      yield* Metric.increment(metrics.withTag(metrics.messages, "role", role))
      yield* Metric.update(metrics.withTag(metrics.messageLength, "role", role), text.length)
      if (usage?.inputTokens !== undefined) yield* Metric.incrementBy(metrics.inputTokens, usage.inputTokens)
      if (usage?.outputTokens !== undefined) yield* Metric.incrementBy(metrics.outputTokens, usage.outputTokens)
      if (processingTimeMs === undefined) return
      yield* Metric.update(metrics.responseTime, processingTimeMs)
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
            metrics.withTag(metrics.sessionsCreated, "provider", event.session.provider)
          )
        case "SessionArchived": {
          const session = yield* infoOf(event.sessionId)
          const provider = session._tag === "Some" ? session.value.provider : "unknown"
          yield* Metric.increment(metrics.withTag(metrics.sessionsArchived, "provider", provider))
          if (session._tag === "Some") {
            const millis = Duration.toMillis(DateTime.distanceDuration(session.value.createdAt, event.at))
            yield* Metric.update(metrics.sessionDuration, millis / 1000)
          }
          return
        }
        case "SessionDeleted":
          return yield* Metric.increment(metrics.withTag(metrics.sessionsDeleted, "provider", event.provider))
        case "SessionErrored":
          return yield* Metric.increment(metrics.sessionsErrored)
        case "MessageSent":
        case "MessageReceived":
          return yield* measure(event.message)
        case "TurnFailed":
          yield* Metric.increment(metrics.withTag(metrics.turnsFailed, "error", event.error._tag))
          return yield* ended(true)
        case "TurnCompleted":
          yield* Metric.increment(metrics.turnsCompleted)
          return yield* ended(false)
        case "TurnStopped":
          return yield* Metric.increment(metrics.turnsStopped)
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
