import * as Arr from "effect/Array"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ConfigurationError } from "../../domain/error/RequestError.js"
import { layerFromConfig } from "../../services/internal/config.js"
import { type Middleware, MiddlewareRefusal } from "../../services/Middleware.js"
import { MiddlewarePipeline } from "../../services/MiddlewarePipeline.js"
import { type CountedBy, describeOwner, makeRateLimiter, type RateAlgorithm, toKey } from "./internal/rateLimiter.js"

export type { CountedBy, RateAlgorithm }

export interface RateLimitMiddlewareOptions {
  /** All limits apply to every message. Default: 60 messages per minute and user. */
  readonly limits?: Arr.NonEmptyReadonlyArray<RateLimit>
  /**
   * Users, sessions or groups counted at the same time. Beyond that, the one idle for the longest time is forgotten. Default:
   * 100,000.
   */
  readonly maxKeys?: number
}

export interface RateLimit {
  /** Messages allowed per `per`. */
  readonly max: number
  readonly per: Duration.DurationInput
  /** The messages counted together. Default: `user`. */
  readonly by?: CountedBy
  /** Default: `tokenBucket`. */
  readonly algorithm?: RateAlgorithm
}

/**
 * A middleware named `rateLimit` that refuses messages above a limit, before anything is stored and before other middleware runs.
 * The refusal names the limit and the time until the next message is allowed.
 *
 * Refused messages do not count. Messages that other middleware refuses later do, and so do edits and system messages. A send
 * repeated with the same idempotency key does not count once the first is accepted. Counts are in memory: they are per process, and
 * a restart resets them.
 *
 * Fails with `ConfigurationError` when a limit allows no messages.
 */
export const make = Effect.fnUntraced(function*(
  { limits = [{ max: 60, per: "1 minute" }], maxKeys = 100_000 }: RateLimitMiddlewareOptions = {}
) {
  const problems = [
    ...limits.flatMap(toProblems),
    ...(isCount(maxKeys) ? [] : [`RateLimitMiddleware: "maxKeys" must be a positive integer (got ${maxKeys})`])
  ]
  if (Arr.isNonEmptyReadonlyArray(problems)) return yield* new ConfigurationError({ problems })
  const counters = limits.map(({ algorithm = "tokenBucket", by = "user", max, per }) => ({
    by,
    limiter: makeRateLimiter({ algorithm, max, maxKeys, per: Duration.decode(per) }),
    rule: `no more than ${max} messages in ${Duration.format(per)} for ${describeOwner(by)}`
  }))

  const middleware: Middleware = {
    name: "rateLimit",
    priority: Number.MAX_SAFE_INTEGER,
    admission: (prompt, context) =>
      Effect.flatMap(Clock.currentTimeNanos, (nanos) => {
        // The monotonic clock, because the system time may be changed.
        const now = Number(nanos) / 1e6
        const counted = counters.map(({ by, limiter, rule }) => ({ key: toKey(by, context), limiter, rule }))
        const waits = counted.map(({ key, limiter, rule }) => ({ rule, wait: limiter.waitFor(key, now) }))
        const longest = waits.reduce((longest, other) => (other.wait > longest.wait ? other : longest))
        if (longest.wait > 0) return tooMany(longest.rule, longest.wait)
        for (const { key, limiter } of counted) limiter.take(key, now)
        return Effect.succeed(prompt)
      })
  }
  return middleware
})

/**
 * Adds the middleware to the pipeline. Fails with `ConfigurationError` as `make` does, and when there is already one named
 * `rateLimit`.
 */
export const layer = (
  options?: RateLimitMiddlewareOptions
): Layer.Layer<never, ConfigurationError, MiddlewarePipeline> =>
  Layer.scopedDiscard(Effect.gen(function*() {
    const pipeline = yield* MiddlewarePipeline
    yield* pipeline.add(yield* make(options))
  }))

/**
 * `layer` with options read from `Config`.
 */
export const layerConfig = layerFromConfig(layer)

const tooMany = (rule: string, wait: number) => {
  const retryAfterMs = Math.ceil(wait)
  const reason = `${rule}; try again in ${Duration.format(Duration.seconds(Math.ceil(wait / 1000)))}`
  return new MiddlewareRefusal({ reason, retryAfterMs })
}

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value > 0

const toProblems = ({ max, per }: RateLimit): ReadonlyArray<string> => [
  ...(isCount(max) ? [] : [`RateLimitMiddleware: "max" must be a positive integer (got ${max})`]),
  ...(isFinitePeriod(Duration.toMillis(per)) ? [] : ["RateLimitMiddleware: \"per\" must be at least 1 ms and finite"])
]

const isFinitePeriod = (millis: number): boolean => Number.isFinite(millis) && millis >= 1
