import * as Duration from "effect/Duration"
import type { MiddlewareContext } from "../../../services/Middleware.js"

/**
 * Whose messages count together: a user's, a session's, or all for which a function answers the same. Who a tenant is, the
 * runtime does not know; the embedding application does, by the user or by what it put into the session's `customSettings`.
 */
export type CountedBy = "user" | "session" | ((context: MiddlewareContext) => string)

export const toKey = (by: CountedBy, context: MiddlewareContext): string =>
  by === "user" ? context.session.userId : by === "session" ? context.session.id : by(context)

/** For whom it reads. */
export const describeOwner = (by: CountedBy): string =>
  by === "user" ? "a user" : by === "session" ? "a session" : "this group"

/**
 * `tokenBucket`: all at once, and then one more each time that its share of `per` has gone by. `fixedWindow`: so many in the
 * window that the first of them begins. Either lets through up to twice as many around the end of one.
 */
export type RateAlgorithm = "tokenBucket" | "fixedWindow"

interface Allowance {
  readonly left: number
  /** The moment that it was counted for: of a bucket the last one taken, of a window its beginning. */
  readonly at: number
}

/** Of an allowance that is 1 but for rounding. */
const whole = 1 - 1e-9

/**
 * Counts against one limit, for as many keys as are used within `per`: one that has rested that long has all of its
 * allowance back, and is forgotten. Of more than `maxKeys` the one that has rested longest is forgotten sooner. Moments are
 * milliseconds of a clock that only ever goes forward.
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
  // By `at`: whatever gets a new one goes to the end.
  const allowances = new Map<string, Allowance>()

  const allowanceOf = (key: string, now: number): Allowance => {
    const { at, left } = allowances.get(key) ?? { at: now, left: max }
    const rested = now - at
    if (algorithm === "fixedWindow") return rested < window ? { at, left } : { at: now, left: max }
    return { at: now, left: Math.min(max, left + (rested * max) / window) }
  }

  return {
    /** Milliseconds until `key` may take one; 0 when it may now. */
    waitFor: (key: string, now: number): number => {
      const { at, left } = allowanceOf(key, now)
      if (left >= whole) return 0
      return algorithm === "fixedWindow" ? at + window - now : ((1 - left) * window) / max
    },

    take: (key: string, now: number): void => {
      const { at, left } = allowanceOf(key, now)
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
