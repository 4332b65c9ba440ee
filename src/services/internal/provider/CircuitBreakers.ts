import type { Target } from "./Target.js"

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
  /** Whether a call may be made: else for how long not. Whoever may call must tell how it went. */
  readonly enter: (target: Target, now: number) => { readonly retryAfterMs: number } | undefined
  readonly leave: (target: Target, outcome: CallOutcome, now: number) => void
}

interface Circuit {
  failures: number
  /** When the next call may be made. */
  opensAt: number
  /** Whether the one call that is to decide is under way. */
  isProbed: boolean
}

/** More than there can be of models in use: names come from users. */
const maxCircuits = 1000

export const makeCircuitBreakers = ({ failures: limit, openFor }: CircuitLimits): CircuitBreakers => {
  // Those without a failure are not kept.
  const circuits = new Map<string, Circuit>()
  const keyOf = ({ model, provider }: Target) => `${provider}\n${model}`

  const enter = (target: Target, now: number) => {
    const circuit = circuits.get(keyOf(target))
    if (circuit === undefined || circuit.failures < limit) return undefined
    if (now < circuit.opensAt) return { retryAfterMs: circuit.opensAt - now }
    if (circuit.isProbed) return { retryAfterMs: openFor }
    circuit.isProbed = true
    return undefined
  }

  const leave = (target: Target, outcome: CallOutcome, now: number) => {
    const key = keyOf(target)
    const circuit = circuits.get(key)
    if (outcome === "answered") {
      circuits.delete(key)
      return
    }
    if (outcome === "undecided") {
      if (circuit) circuit.isProbed = false
      return
    }
    const failures = (circuit?.failures ?? 0) + 1
    circuits.delete(key)
    circuits.set(key, { failures, opensAt: now + openFor, isProbed: false })
    const [oldest] = circuits.keys()
    if (circuits.size > maxCircuits && oldest !== undefined) circuits.delete(oldest)
  }

  return { enter, leave }
}
