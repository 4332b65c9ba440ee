import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as ContentFilterMiddleware from "../../src/layers/middleware/ContentFilterMiddleware.js"
import { context, pipeline, prompt, textsOf } from "./pipeline.js"

const filtered = (text: string, options: ContentFilterMiddleware.ContentFilterMiddlewareOptions) =>
  Effect.flatMap(
    ContentFilterMiddleware.make(options),
    (filter) => pipeline(({ admission }) => admission(prompt(text), context), filter)
  )

describe("ContentFilterMiddleware", () => {
  it.effect("replaces whole words and phrases, whatever their case and diacritics", () =>
    Effect.gen(function*() {
      const answer = yield* filtered("Dàmn, damned; BAD  word. da\u0301mn!", { words: ["damn", "bad word"] })
      assert.deepStrictEqual(answer, {
        ...prompt("[filtered], damned; [filtered]. [filtered]!"),
        metadata: { contentFiltered: true }
      })
    }))

  it.effect("leaves what holds nothing as it is, without a mark", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* filtered("fine", { words: ["damn"], patterns: ["x+"] }), prompt("fine"))
    }))

  it.effect("row 49: answers a pattern that would backtrack for ever", () =>
    Effect.gen(function*() {
      const text = `${"a".repeat(31)}!`
      assert.deepStrictEqual(textsOf(yield* filtered(text, { patterns: ["^(a+)+$"] })), [text])
    }))

  it.effect("sees a long text as one: anchors and borders hold at no inner edge, and no match is lost there", () =>
    Effect.gen(function*() {
      const text = `${"x".repeat(8190)}secret${"x".repeat(30_000)}`
      const answer = yield* filtered(text, { patterns: ["^x{3}", "x{3}$", "\\bx{5}", "secret"] })
      assert.deepStrictEqual(textsOf(answer), [
        `[filtered]${"x".repeat(8185)}[filtered]${"x".repeat(29_997)}[filtered]`
      ])
    }))

  it.effect("refuses a match that goes further than a long text is searched", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(filtered("x".repeat(20_000), { patterns: ["x+"] }))
      assert.include(error.message, "pattern 0 matches more than 4096 characters")
    }))
})
