import * as Duration from "effect/Duration"
import * as Schedule from "effect/Schedule"
import type { ProviderError } from "../../../domain/error/ProviderError.js"
import { jittered } from "../jittered.js"
import type { Target } from "./targets.js"

/**
 * One circuit breaker for each provider and model. A circuit opens after a number of consecutive failures, and calls
 * fail at once while it is open. After that time one probe call is allowed; its outcome closes or reopens the circuit.
 * `now` is in milliseconds.
 */
export interface CircuitBreakers {
  /**
   * Returns undefined when a call is allowed; its caller must call `leave`. Otherwise, how long the circuit stays open.
   */
  readonly enter: (target: CircuitTarget, now: number) => { readonly retryAfterMs: number } | undefined
  readonly leave: (target: CircuitTarget, outcome: CallOutcome, now: number) => void
}

export const makeCircuitBreakers = ({ failures: limit, openFor }: CircuitLimits): CircuitBreakers => {
  // Only circuits with failures are kept.
  const circuits = new Map<string, Circuit>()

  return {
    enter: (target, now) => {
      const circuit = circuits.get(toKey(target))
      if (circuit === undefined || circuit.failures < limit) return undefined
      if (now < circuit.probeAt) return { retryAfterMs: circuit.probeAt - now }
      if (circuit.isProbing) return { retryAfterMs: openFor }
      circuit.isProbing = true
      return undefined
    },

    leave: (target, outcome, now) => {
      const key = toKey(target)
      const circuit = circuits.get(key)
      if (outcome === "undecided") {
        if (circuit) circuit.isProbing = false
        return
      }
      circuits.delete(key)
      if (outcome === "answered") return
      circuits.set(key, { failures: (circuit?.failures ?? 0) + 1, probeAt: now + openFor, isProbing: false })
      const [oldest] = circuits.keys()
      if (circuits.size > maxCircuits && oldest !== undefined) circuits.delete(oldest)
    }
  }
}

/**
 * When a circuit opens, and for how long.
 */
export interface CircuitLimits {
  /** Consecutive failures that open it. */
  readonly failures: number
  /** Milliseconds it stays open. */
  readonly openFor: number
}

/**
 * What a call says about its provider's health. `undecided`: the call was interrupted or never made.
 */
export type CallOutcome = "answered" | "failed" | "undecided"

/** The calls that share a circuit. */
type CircuitTarget = Pick<Target, "model" | "provider">

interface Circuit {
  readonly failures: number
  /** When the next call is allowed. */
  readonly probeAt: number
  /** Whether the probe call is running. */
  isProbing: boolean
}

const toKey = ({ model, provider }: CircuitTarget): string => `${provider}\n${model}`

/** A bound, since the names of models come from users. More than there can be models in use. */
const maxCircuits = 1000

/**
 * Retry schedule for a call that is known not to have started: exponential from half a second, at most 8 seconds, and
 * no sooner than the provider's `retryAfterMs`.
 */
export const providerRetries = (times: number): Schedule.Schedule<unknown, ProviderError> =>
  Schedule.identity<ProviderError>().pipe(
    Schedule.intersect(jittered(backoff)),
    Schedule.intersect(Schedule.recurs(times)),
    Schedule.modifyDelay(([[error]], delay) => Duration.max(delay, retryAfter(error)))
  )

const backoff = Schedule.union(Schedule.exponential("500 millis"), Schedule.spaced("8 seconds"))

const retryAfter = (error: ProviderError): Duration.Duration =>
  Duration.millis(error._tag === "ProviderTransient" ? Math.ceil(error.retryAfterMs ?? 0) : 0)
