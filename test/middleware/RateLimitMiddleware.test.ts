import { assert, describe, it } from "@effect/vitest"
import { Config, ConfigProvider, Duration, Effect, Layer, TestClock } from "effect"
import { UserId } from "../../src/domain/Ids.js"
import { makeSessionContext } from "../../src/domain/SessionContext.js"
import { makeRateLimiter } from "../../src/layers/middleware/internal/rateLimiter.js"
import * as RateLimitMiddleware from "../../src/layers/middleware/RateLimitMiddleware.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { type MiddlewareContext, MiddlewareRefusal } from "../../src/services/Middleware.js"
import { MiddlewarePipeline } from "../../src/services/MiddlewarePipeline.js"
import { now, session, sessionId } from "../domain/conversation.js"
import { start } from "../host/anotherHost.js"
import { appending, prompt } from "./pipeline.js"

const contextOf = (userId: string, id: string = "session"): MiddlewareContext => ({
  session: { ...session, userId: UserId.make(userId), id: sessionId, config: { customSettings: { tenant: id } } },
  context: makeSessionContext(sessionId, now)
})

/** The result of each send in turn: `ok`, or milliseconds to wait. */
const answers = Effect.fnUntraced(function*(
  options: RateLimitMiddleware.RateLimitMiddlewareOptions,
  ...sends: ReadonlyArray<MiddlewareContext | Duration.DurationInput>
) {
  const pipeline = yield* MiddlewarePipeline
  yield* pipeline.add(yield* RateLimitMiddleware.make(options))
  const found: Array<number | string | undefined> = []
  for (const send of sends) {
    if (typeof send === "object" && "session" in send) {
      const exit = yield* Effect.either(pipeline.admission(prompt("Hello"), send))
      found.push(exit._tag === "Right" ? "ok" : exit.left.retryAfterMs)
    } else {
      yield* TestClock.adjust(send)
    }
  }
  return found
}, (effect) => Effect.scoped(Effect.provide(effect, MiddlewarePipeline.layer())))

const tenant = ({ session }: MiddlewareContext) => String(session.config.customSettings?.["tenant"])
const makeLimiter = (algorithm: "fixedWindow" | "tokenBucket", maxKeys = 100) =>
  makeRateLimiter({ algorithm, max: 3, maxKeys, per: Duration.seconds(1) })
const ada = contextOf("ada")
const bob = contextOf("bob")

describe("RateLimitMiddleware", () => {
  it.effect("allows max messages at once, and then one more for each share of the period", () =>
    Effect.gen(function*() {
      const found = yield* answers(
        { limits: [{ max: 2, per: "10 seconds" }] },
        ...[ada, ada, ada, "4 seconds", ada, "1 seconds", ada, ada, "20 seconds", ada, ada, ada] as const
      )
      assert.deepStrictEqual(found, ["ok", "ok", 5000, 1000, "ok", 5000, "ok", "ok", 5000])
    }))

  it.effect("counts in windows that start with the first message, with fixedWindow", () =>
    Effect.gen(function*() {
      const found = yield* answers(
        { limits: [{ max: 2, per: "10 seconds", algorithm: "fixedWindow" }] },
        ...[ada, "4 seconds", ada, ada, "5999 millis", ada, "1 millis", ada, ada, ada] as const
      )
      assert.deepStrictEqual(found, ["ok", "ok", 6000, 1, "ok", "ok", 10_000])
    }))

  it.effect("counts each user separately", () =>
    Effect.gen(function*() {
      const found = yield* answers({ limits: [{ max: 1, per: "1 minute" }] }, ada, ada, bob, bob)
      assert.deepStrictEqual(found, ["ok", 60_000, "ok", 60_000])
    }))

  it.effect("counts messages together that have the same key", () =>
    Effect.gen(function*() {
      const found = yield* answers(
        { limits: [{ max: 1, per: "1 minute", by: tenant }] },
        contextOf("ada", "acme"),
        contextOf("bob", "acme"),
        contextOf("bob", "other")
      )
      assert.deepStrictEqual(found, ["ok", 60_000, "ok"])
    }))

  it.effect("applies several limits, reports the longest wait, and does not count a refused message for any", () =>
    Effect.gen(function*() {
      const found = yield* answers(
        {
          limits: [{ max: 2, per: "1 minute", algorithm: "fixedWindow" }, {
            max: 1,
            per: "1 second",
            by: "session",
            algorithm: "fixedWindow"
          }]
        },
        ...[ada, ada, ada, ada, "1 seconds", ada, "1 seconds", ada] as const
      )
      assert.deepStrictEqual(found, ["ok", 1000, 1000, 1000, "ok", 58_000])
    }))

  it.effect("row 25: is not affected when the system time is set a day ahead or back", () =>
    Effect.gen(function*() {
      const clock = yield* Effect.clock
      const set = (days: number) => ({ ...clock, currentTimeMillis: Effect.succeed(days * 86_400_000) })
      const { admission } = yield* RateLimitMiddleware.make({ limits: [{ max: 1, per: "1 minute" }] })
      const send = (days: number) =>
        Effect.either(admission?.(prompt("Hello"), ada) ?? Effect.void).pipe(Effect.withClock(set(days)))
      assert.deepStrictEqual((yield* send(0))._tag, "Right")
      assert.deepStrictEqual((yield* send(1))._tag, "Left")
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual((yield* send(-1))._tag, "Right")
    }))

  it.effect("names the limit, and refuses before other middleware runs", () =>
    Effect.gen(function*() {
      let seen = 0
      const pipeline = yield* MiddlewarePipeline
      yield* pipeline.add({
        name: "counting",
        priority: 1000,
        admission: (prompt) => Effect.sync(() => (seen++, prompt))
      })
      yield* pipeline.admission(prompt("one"), ada)
      const error = yield* Effect.flip(pipeline.admission(prompt("two"), ada))
      assert.strictEqual(
        error.message,
        "Middleware \"rateLimit\" stopped the turn at admission: no more than 1 messages in 1m for a user; try again in 1m"
      )
      assert.deepStrictEqual([error.retryAfterMs, seen], [60_000, 1])
    }).pipe(
      Effect.scoped,
      Effect.provide(
        RateLimitMiddleware.layer({ limits: [{ max: 1, per: "1 minute" }] }).pipe(
          Layer.provideMerge(MiddlewarePipeline.layer(appending("other")))
        )
      )
    ))

  it.effect("refuses limits that allow nothing", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(RateLimitMiddleware.make({ limits: [{ max: 0, per: 0 }], maxKeys: 0.5 }))
      assert.deepStrictEqual(error.problems, [
        "RateLimitMiddleware: \"max\" must be a positive integer (got 0)",
        "RateLimitMiddleware: \"per\" must be at least 1 ms and finite",
        "RateLimitMiddleware: \"maxKeys\" must be a positive integer (got 0.5)"
      ])
    }))

  it.effect("reads its options from the configuration with layerConfig", () =>
    Effect.gen(function*() {
      const layer = RateLimitMiddleware.layerConfig({
        limits: Config.map(Config.integer("PER_MINUTE"), (max) => [{ max, per: "1 minute" }] as const)
      }).pipe(Layer.provideMerge(MiddlewarePipeline.layer()))
      const list = (perMinute: string) =>
        Effect.flatMap(MiddlewarePipeline, (pipeline) => pipeline.list).pipe(
          Effect.provide(layer),
          Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["PER_MINUTE", perMinute]])))
        )
      assert.deepStrictEqual(yield* list("20"), ["rateLimit"])
      assert.include(String(yield* Effect.flip(list("0"))), "\"max\" must be a positive integer (got 0)")
      assert.include(String(yield* Effect.flip(list("many"))), "PER_MINUTE")
    }))

  it.scoped("stores nothing of a refused message, and does not count a send repeated with its key", () =>
    Effect.gen(function*() {
      const pipeline = yield* MiddlewarePipeline
      yield* pipeline.add(yield* RateLimitMiddleware.make({ limits: [{ max: 2, per: "1 minute" }] }))
      const session = yield* start
      for (let time = 0; time < 5; time++) yield* session.send({ content: "one", key: "1" })
      yield* session.send({ content: "two", key: "2" })
      const error = yield* Effect.flip(session.send({ content: "three", key: "3" }))
      assert.deepInclude(error, { _tag: "MiddlewareError", middleware: "rateLimit", retryAfterMs: 30_000 })
      assert.lengthOf(yield* session.turns, 2)
    }).pipe(Effect.provide(SessionRuntime.layerTest())))

  it.effect("ignores an invalid retryAfterMs of untyped middleware", () =>
    Effect.gen(function*() {
      for (const retryAfterMs of [-1, 0.5, Number.POSITIVE_INFINITY, Number.NaN]) {
        const refusing = MiddlewarePipeline.layer({
          name: "refusing",
          admission: () => new MiddlewareRefusal({ reason: "no", retryAfterMs })
        })
        const error = yield* Effect.flip(
          Effect.flatMap(MiddlewarePipeline, ({ admission }) => admission(prompt("Hello"), ada)).pipe(
            Effect.provide(refusing)
          )
        )
        assert.deepInclude(error, { _tag: "MiddlewareError", reason: "no" })
        assert.notProperty(error, "retryAfterMs")
      }
    }))
})

describe("makeRateLimiter", () => {
  it.each(["fixedWindow", "tokenBucket"] as const)("forgets keys idle for a period (%s)", (algorithm) => {
    const limiter = makeLimiter(algorithm, 1_000_000)
    for (let user = 0; user < 10_000; user++) limiter.take(`user-${user}`, user)
    assert.isAtMost(limiter.size(), 1001)
    limiter.take("last", 20_000)
    assert.strictEqual(limiter.size(), 1)
  })

  it("keeps at most maxKeys, and forgets the one idle for the longest time", () => {
    const limiter = makeLimiter("tokenBucket", 2)
    for (const [at, key] of ["a", "b", "a", "c"].entries()) limiter.take(key, at)
    assert.strictEqual(limiter.size(), 2)
    limiter.take("a", 4)
    limiter.take("b", 5)
    assert.isAbove(limiter.waitFor("a", 5), 0)
    assert.strictEqual(limiter.waitFor("b", 5), 0)
  })

  it("restores exactly the allowance over time, despite rounding", () => {
    const limiter = makeLimiter("tokenBucket")
    let taken = 0
    for (let millis = 0; millis <= 100_000; millis++) {
      if (limiter.waitFor("a", millis) > 0) continue
      limiter.take("a", millis)
      taken++
    }
    assert.isAtLeast(taken, 300)
    assert.isAtMost(taken, 303)
  })
})
