import * as Arr from "effect/Array"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ConfigurationError } from "../../domain/error/RequestError.js"
import { type Middleware, MiddlewareRefusal } from "../../services/Middleware.js"
import { MiddlewarePipeline } from "../../services/MiddlewarePipeline.js"
import { type CountedBy, describeOwner, makeRateLimiter, type RateAlgorithm, toKey } from "./internal/rateLimiter.js"

export interface RateLimit {
  /** So many messages are let through in `per`. */
  readonly max: number
  readonly per: Duration.DurationInput
  /** Whose messages count together. `user` unless told. */
  readonly by?: CountedBy
  /** `tokenBucket` unless told. */
  readonly algorithm?: RateAlgorithm
}

export interface RateLimitMiddlewareOptions {
  /** A message must keep to all of them. 60 per minute and user unless told. */
  readonly limits?: Arr.NonEmptyReadonlyArray<RateLimit>
  /** Users, sessions or groups that a limit counts for at the same time; past it, the longest at rest is forgotten. 100,000 unless told. */
  readonly maxKeys?: number
}

/**
 * A middleware named `rateLimit` that refuses a message when there were too many of late, before anything is stored and
 * before other middleware sees it. The refusal says which limit that was, and after how many milliseconds to try again. What is
 * refused does not count. What another middleware refuses afterwards does, and so does an edit, or a message of the application; a
 * send that is repeated with its key does not, once it is accepted.
 *
 * It counts in memory: a restart forgets, and each process counts for itself. Fails when a limit can let nothing through.
 */
export const make = Effect.fnUntraced(function*(
  { limits = [{ max: 60, per: "1 minute" }], maxKeys = 100_000 }: RateLimitMiddlewareOptions = {}
) {
  const problems = [
    ...limits.flatMap(problemsOf),
    ...(isCount(maxKeys) ? [] : ["RateLimitMiddleware: \"maxKeys\" must be a whole number from 1 on"])
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
        // Not of the calendar, which may be set while it counts.
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
 * Adds it to the pipeline. Fails when a middleware named `rateLimit` is there already, and as `make` does.
 */
export const layer = (
  options?: RateLimitMiddlewareOptions
): Layer.Layer<never, ConfigurationError, MiddlewarePipeline> =>
  Layer.scopedDiscard(Effect.gen(function*() {
    const pipeline = yield* MiddlewarePipeline
    yield* pipeline.add(yield* make(options))
  }))

const tooMany = (rule: string, wait: number) => {
  const retryAfterMs = Math.ceil(wait)
  const reason = `${rule}; try again in ${Duration.format(Duration.seconds(Math.ceil(wait / 1000)))}`
  return new MiddlewareRefusal({ reason, retryAfterMs })
}

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value > 0

const problemsOf = ({ max, per }: RateLimit): ReadonlyArray<string> => [
  ...(isCount(max) ? [] : ["RateLimitMiddleware: \"max\" must be a whole number from 1 on"]),
  ...(isSpan(Duration.toMillis(per)) ? [] : ["RateLimitMiddleware: \"per\" must be longer than 0, and come to an end"])
]

const isSpan = (millis: number): boolean => Number.isFinite(millis) && millis > 0
