import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, TestClock } from "effect"
import * as ContentFilterMiddleware from "../../src/layers/middleware/ContentFilterMiddleware.js"
import { MockProvider } from "../../src/layers/provider/MockProvider.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { eventLoopTurn } from "../../src/services/internal/eventLoopTurn.js"
import { MiddlewarePipeline } from "../../src/services/MiddlewarePipeline.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { start } from "../host/anotherHost.js"
import { context, pipeline, prompt, textsOf } from "./pipeline.js"

/** The maximum length of a text. */
const longest = 262_144

const filtered = (text: string, options: ContentFilterMiddleware.ContentFilterMiddlewareOptions) =>
  Effect.flatMap(
    ContentFilterMiddleware.make(options),
    (filter) => pipeline(({ admission }) => admission(prompt(text), context), filter)
  )

/** A match in a text of several windows. */
const around = (match: string, at: number) => `${"-".repeat(at)}${match}${"-".repeat(20_000)}`

/** Rounds of the event loop while an effect runs. */
const roundsOf = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.gen(function*() {
    let rounds = 0
    const going = yield* Effect.fork(Effect.forever(Effect.zipRight(eventLoopTurn, Effect.sync(() => rounds++))))
    yield* effect
    yield* Fiber.interrupt(going)
    return rounds
  })

describe("row 49: a search through a long text", () => {
  it.effect.each<[string, string, ContentFilterMiddleware.ContentFilterMiddlewareOptions, number]>([
    ["a hard pattern without a match", "a".repeat(longest), { patterns: ["(?:a+)+b|(a|a)*c"] }, 31 + 16],
    ["a pattern that matches everywhere", "a".repeat(65_536), { patterns: ["a"] }, 16_384],
    ["words that may each start a phrase", "a ".repeat(longest / 2), { words: ["a a a b"] }, 64 + 16]
  ])("yields to the event loop: with %s", ([, text, options, expected]) =>
    Effect.gen(function*() {
      assert.isAtLeast(yield* roundsOf(Effect.ignore(filtered(text, options))), expected)
    }))

  it.scoped.each(["admission", "reply"] as const)(
    "is stopped by the middleware's timeout, at %s, and nothing of the text is stored",
    (stage) =>
      Effect.gen(function*() {
        const text = "a".repeat(longest)
        const filter = yield* ContentFilterMiddleware.make({ patterns: ["a"], stages: [stage] })
        const [searching, stopped] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
        const watched = <A, E>(search: Effect.Effect<A, E>) =>
          Deferred.succeed(searching, undefined).pipe(
            Effect.zipRight(search),
            Effect.onInterrupt(() => Deferred.succeed(stopped, undefined))
          )
        yield* Effect.flatMap(MiddlewarePipeline, (added) =>
          added.add({
            ...filter,
            ...(filter.admission &&
              { admission: (asked, of) => watched(filter.admission?.(asked, of) ?? Effect.never) }),
            ...(filter.reply && { reply: (answer, of) => watched(filter.reply?.(answer, of) ?? Effect.never) })
          }))
        yield* Effect.flatMap(MockProvider, (mock) => mock.script([{ text: stage === "reply" ? [text] : ["fine"] }]))
        const session = yield* start
        const sending = yield* Effect.fork(
          Effect.match(session.send(stage === "admission" ? text : "fine"), {
            onSuccess: () => undefined,
            onFailure: (error) => error
          })
        )
        yield* Deferred.await(searching)
        yield* Effect.repeatN(eventLoopTurn, 10)
        yield* TestClock.adjust("2 seconds")
        const error = yield* Fiber.join(sending)
        assert.deepInclude(error, {
          _tag: "MiddlewareError",
          middleware: "content-filter",
          reason: "timed out after 2s"
        })
        yield* Deferred.await(stopped)
        const store = yield* SessionStore
        const stored = [yield* store.events(session.id, 0, 100), yield* session.messages(), yield* session.turns]
        assert.notInclude(JSON.stringify(stored), "aaaa")
        assert.lengthOf((yield* session.messages()).items, stage === "admission" ? 0 : 1)
      }).pipe(Effect.provide(SessionRuntime.layerTest()))
  )
})

describe("a match at a window's edge", () => {
  /** The last index where a match of the first window may start. */
  const edge = 8191

  it.effect.each([edge - 3, edge, edge + 1, 2 * edge, 2 * edge + 1, 2 * edge + 2])(
    "is found once as a whole, from %i on",
    (at) =>
      Effect.gen(function*() {
        const options = { patterns: ["secret|ecret"], words: ["secret"] }
        const answer = yield* filtered(around("secret", at), options)
        assert.deepStrictEqual(textsOf(answer), [around("[filtered]", at)])
      })
  )

  it.effect("is found up to 4,096 characters, and refused beyond", () =>
    Effect.gen(function*() {
      const options = { patterns: ["x+"] }
      assert.deepStrictEqual(
        textsOf(yield* filtered(around("x".repeat(4096), edge), options)),
        [around("[filtered]", edge)]
      )
      const error = yield* Effect.flip(filtered(around("x".repeat(4097), edge), options))
      assert.include(error.message, "pattern 0 matches more than 4096 characters")
    }))

  it.effect("has no limit in a text of up to 12,288 characters", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(textsOf(yield* filtered("x".repeat(12_288), { patterns: ["^x+$"] })), ["[filtered]"])
      const error = yield* Effect.flip(filtered("x".repeat(12_289), { patterns: ["^x+$"] }))
      assert.include(error.message, "more than 4096 characters")
    }))

  it.effect("does not split a character", () =>
    Effect.gen(function*() {
      const text = `-${"🧵".repeat(10_000)}`
      assert.deepStrictEqual((yield* filtered(text, { patterns: ["[^-🧵]"] })).metadata, {})
    }))
})
