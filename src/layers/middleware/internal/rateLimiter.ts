import * as Duration from "effect/Duration"
import type { MiddlewareContext } from "../../../services/Middleware.js"

/**
 * Counts against one limit. A key that was idle for `per` has its full allowance back, and is forgotten. Beyond `maxKeys`, the key
 * idle for the longest time is forgotten earlier. Times are milliseconds of a monotonic clock.
 */
export const makeRateLimiter = (
  { algorithm, max, maxKeys, per }: {
    readonly algorithm: RateAlgorithm
    readonly max: number
    readonly maxKeys: number
    readonly per: Duration.Duration
  }
) => {
  const window = Duration.toMillis(per)
  // Ordered by `at`: an entry with a new `at` moves to the end.
  const allowances = new Map<string, Allowance>()

  const allowanceAt = (key: string, now: number): Allowance => {
    const { at, left } = allowances.get(key) ?? { at: now, left: max }
    const idle = now - at
    if (algorithm === "fixedWindow") return idle < window ? { at, left } : { at: now, left: max }
    return { at: now, left: Math.min(max, left + (idle * max) / window) }
  }

  return {
    /** Milliseconds until `key` may take one. 0 if it may now. */
    waitFor: (key: string, now: number): number => {
      const { at, left } = allowanceAt(key, now)
      if (left >= whole) return 0
      return algorithm === "fixedWindow" ? at + window - now : ((1 - left) * window) / max
    },

    take: (key: string, now: number): void => {
      const { at, left } = allowanceAt(key, now)
      if (allowances.get(key)?.at !== at) allowances.delete(key)
      allowances.set(key, { at, left: left - 1 })
      for (const [oldest, { at }] of allowances) {
        if (now - at < window && allowances.size <= maxKeys) break
        allowances.delete(oldest)
      }
    },

    size: (): number => allowances.size
  }
}

interface Allowance {
  readonly left: number
  /** For a bucket, the time of the last message. For a window, its start. */
  readonly at: number
}

/** 1, with room for rounding. */
const whole = 1 - 1e-9

/**
 * `tokenBucket` allows `max` at once, and then one more after each `per / max`. `fixedWindow` allows `max` in a window that starts
 * with its first message. Both may allow up to twice `max` within one `per`.
 */
export type RateAlgorithm = "tokenBucket" | "fixedWindow"

/**
 * The messages that are counted together: those of a user, of a session, or all for which a function returns the same key. The
 * runtime knows no tenants; an application can derive one from the user, or from the session's `customSettings`.
 */
export type CountedBy = "user" | "session" | ((context: MiddlewareContext) => string)

export const toKey = (by: CountedBy, context: MiddlewareContext): string =>
  by === "user" ? context.session.userId : by === "session" ? context.session.id : by(context)

/** The owner of a limit, for messages. */
export const describeOwner = (by: CountedBy): string =>
  by === "user" ? "a user" : by === "session" ? "a session" : "this group"
