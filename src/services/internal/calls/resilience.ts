import * as Duration from "effect/Duration"
import * as Schedule from "effect/Schedule"
import type { ProviderError } from "../../../domain/error/ProviderError.js"
import { jittered } from "../jittered.js"

/**
 * Whom a circuit is about.
 */
interface Circuited {
  readonly provider: string
  readonly model: string
}

/**
 * When a provider is spared for a while.
 */
export interface CircuitLimits {
  /** Calls that have to fail, one after the other. */
  readonly failures: number
  /** For so many milliseconds it is not called then. */
  readonly openFor: number
}

/**
 * How a call went, as far as its provider is to be judged by it. `undecided`: it was broken off from our side.
 */
export type CallOutcome = "answered" | "failed" | "undecided"

/**
 * One circuit for each provider and model: it opens after so many failures in a row, and nobody waits for what is down. After
 * a while one call is let through, and what becomes of that decides. `now` is in milliseconds.
 */
export interface CircuitBreakers {
  /** Nothing when a call may be made: who makes it must tell how it went. Else for how long none may. */
  readonly enter: (target: Circuited, now: number) => { readonly retryAfterMs: number } | undefined
  readonly leave: (target: Circuited, outcome: CallOutcome, now: number) => void
}

interface Circuit {
  readonly failures: number
  /** When the next call may be made. */
  readonly opensAt: number
  /** Whether the one call that is to decide is under way. */
  isProbed: boolean
}

/** More than there can be of models in use: names come from users. */
const maxCircuits = 1000

export const makeCircuitBreakers = ({ failures: limit, openFor }: CircuitLimits): CircuitBreakers => {
  // Those without a failure are not kept.
  const circuits = new Map<string, Circuit>()

  return {
    enter: (target, now) => {
      const circuit = circuits.get(keyOf(target))
      if (circuit === undefined || circuit.failures < limit) return undefined
      if (now < circuit.opensAt) return { retryAfterMs: circuit.opensAt - now }
      if (circuit.isProbed) return { retryAfterMs: openFor }
      circuit.isProbed = true
      return undefined
    },

    leave: (target, outcome, now) => {
      const key = keyOf(target)
      const circuit = circuits.get(key)
      if (outcome === "undecided") {
        if (circuit) circuit.isProbed = false
        return
      }
      circuits.delete(key)
      if (outcome === "answered") return
      circuits.set(key, { failures: (circuit?.failures ?? 0) + 1, opensAt: now + openFor, isProbed: false })
      const [oldest] = circuits.keys()
      if (circuits.size > maxCircuits && oldest !== undefined) circuits.delete(oldest)
    }
  }
}

const keyOf = ({ model, provider }: Circuited): string => `${provider}\n${model}`

const backoff = Schedule.union(Schedule.exponential("500 millis"), Schedule.spaced("8 seconds"))

/**
 * When a provider call that has certainly not begun is made again: after half a second and then ever later, and no sooner
 * than the provider asked for.
 */
export const providerRetries = (times: number): Schedule.Schedule<unknown, ProviderError> =>
  Schedule.identity<ProviderError>().pipe(
    Schedule.intersect(jittered(backoff)),
    Schedule.intersect(Schedule.recurs(times)),
    Schedule.modifyDelay(([[error]], delay) => Duration.max(delay, retryAfter(error)))
  )

const retryAfter = (error: ProviderError): Duration.Duration =>
  Duration.millis(error._tag === "ProviderTransient" ? Math.ceil(error.retryAfterMs ?? 0) : 0)
