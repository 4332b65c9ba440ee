import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as ContentFilterMiddleware from "../../src/layers/middleware/ContentFilterMiddleware.js"
import { MiddlewarePipeline } from "../../src/services/MiddlewarePipeline.js"
import { sessionId } from "../domain/conversation.js"
import { withCapturedLogs } from "./capturedLogs.js"
import { context, pipeline, prompt, reply, textsOf } from "./pipeline.js"

const filtered = (text: string, options: ContentFilterMiddleware.ContentFilterMiddlewareOptions) =>
  Effect.flatMap(
    ContentFilterMiddleware.make(options),
    (filter) => pipeline(({ admission }) => admission(prompt(text), context), filter)
  )

const many = <A>(count: number, one: A) => Array.from({ length: count }, () => one)

describe("ContentFilterMiddleware", () => {
  it.effect("replaces whole words and phrases, ignoring case and diacritics", () =>
    Effect.gen(function*() {
      const answer = yield* filtered("Dàmn, damned; BAD  word. da\u0301mn!", { words: ["damn", "bad word"] })
      assert.deepStrictEqual(answer, {
        ...prompt("[filtered], damned; [filtered]. [filtered]!"),
        metadata: { contentFiltered: true }
      })
    }))

  it.effect("does not change or mark a message without matches", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* filtered("fine", { words: ["damn"], patterns: ["x+"] }), prompt("fine"))
    }))

  it.effect("row 49: completes for a pattern with catastrophic backtracking", () =>
    Effect.gen(function*() {
      const text = `${"a".repeat(31)}!`
      assert.deepStrictEqual(textsOf(yield* filtered(text, { patterns: ["^(a+)+$"] })), [text])
    }))

  it.effect("matches a long text as a whole: no anchor or word border at an inner edge, and no match lost there", () =>
    Effect.gen(function*() {
      const text = `${"x".repeat(8190)}secret${"x".repeat(30_000)}`
      const answer = yield* filtered(text, { patterns: ["^x{3}", "x{3}$", "\\bx{5}", "secret"] })
      assert.deepStrictEqual(textsOf(answer), [
        `[filtered]${"x".repeat(8185)}[filtered]${"x".repeat(29_997)}[filtered]`
      ])
    }))

  it.effect("refuses a match longer than the search window of a long text", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(filtered("x".repeat(20_000), { patterns: ["x+"] }))
      assert.include(error.message, "pattern 0 matches more than 4096 characters")
    }))

  it.effect.each<[string, string, string]>([
    ["wide letters and letters of mathematics", "ｄａｍｎ 𝐝𝐚𝐦𝐧", "[filtered] [filtered]"],
    ["invisible characters", "d\u200Ba\u00ADm\u2060n", "[filtered]"],
    ["letters that are written as one", "ﬁne", "[filtered]"],
    ["letters that come with more than they are", "\u{1F113}\u{1F110}\u{1F11C}\u{1F11D}", "[filtered]"],
    ["what stands between the words of a phrase", "bad... (WÖRD)", "[filtered])"],
    ["no part of a word", "damning goddamn damn_ 1damn", "damning goddamn damn_ 1damn"],
    ["the longest of phrases that begin alike", "bad word game", "[filtered]"]
  ])("finds words in %s", ([, text, expected]) =>
    Effect.gen(function*() {
      const words = ["damn", "fine", "d a m n", "bad word", "bad word game"]
      assert.deepStrictEqual(textsOf(yield* filtered(text, { words })), [expected])
    }))

  it.effect("applies the flags of a pattern", () =>
    Effect.gen(function*() {
      const patterns = [{ source: "^b.d$", flags: "ims" }, { source: "x" }]
      assert.deepStrictEqual(textsOf(yield* filtered("a\nB\nD\nX", { patterns, replacement: "-" })), ["a\n-\nX"])
    }))

  it.effect("replaces overlapping matches of words and patterns as one", () =>
    Effect.gen(function*() {
      const answer = yield* filtered("so bad word it is", { words: ["bad word"], patterns: ["so b", "d it"] })
      assert.deepStrictEqual(textsOf(answer), ["[filtered] is"])
    }))

  it.effect("refuses at both stages, without the match in the error or the log", () =>
    withCapturedLogs((lines) =>
      Effect.gen(function*() {
        const stages = ["admission", "reply"] as const
        const filter = yield* ContentFilterMiddleware.make({ action: "reject", stages, words: ["canary"] })
        yield* pipeline((run) =>
          Effect.gen(function*() {
            const errors = [
              yield* Effect.flip(
                run.admission({
                  ...prompt(""),
                  parts: [...prompt("a canary, a canary").parts, ...prompt("fine").parts]
                }, context)
              ),
              yield* Effect.flip(run.reply(reply("canary"), context))
            ]
            assert.deepStrictEqual(
              errors.map(({ middleware, reason, stage }) => [middleware, stage, reason]),
              stages.map((stage) => ["content-filter", stage, "the message contains filtered content"])
            )
            assert.notInclude(JSON.stringify([errors, lines]), "canary")
            assert.deepStrictEqual(
              lines.filter(({ level }) => level === "Info").map(({ annotations }) => annotations),
              [2, 1].map((count) => ({ sessionId, count, action: "reject" }))
            )
          }), filter)
      })
    ))

  it.effect("filters only replies with stages: [\"reply\"]", () =>
    Effect.gen(function*() {
      const filter = yield* ContentFilterMiddleware.make({ stages: ["reply"], words: ["damn"], replacement: "" })
      yield* pipeline((run) =>
        Effect.gen(function*() {
          assert.deepStrictEqual(yield* run.admission(prompt("damn"), context), prompt("damn"))
          const metadata = { contentFiltered: true }
          assert.deepStrictEqual(yield* run.reply(reply("oh damn!"), context), { ...reply("oh !"), metadata })
        }), filter)
    }))

  it.effect.each<[string, ContentFilterMiddleware.ContentFilterMiddlewareOptions, string]>([
    ["10,001 words", { words: many(10_001, "a") }, "more than 10000 words"],
    ["a word of 129 characters", { words: ["a", "a".repeat(129)] }, "word 1: longer than 128 characters"],
    ["a word that is none", { words: ["-'"] }, "word 0: only letters"],
    ["a word with a sign in it", { words: ["a*b"] }, "word 0: only letters"],
    ["65 patterns", { patterns: many(65, "a") }, "more than 64 patterns"],
    ["a pattern of 1,025 characters", { patterns: ["a".repeat(1025)] }, "pattern 0: longer than 1024 characters"],
    ["an unknown flag", { patterns: [{ source: "a", flags: "ig" }] }, "pattern 0: unknown flag \"g\""],
    ["a pattern of more than 2,048 instructions", { patterns: ["a{999}b{999}c{999}"] }, "pattern 0: too large"]
  ])("refuses %s", ([, options, problem]) =>
    Effect.gen(function*() {
      const { problems } = yield* Effect.flip(ContentFilterMiddleware.make(options))
      assert.lengthOf(problems, 1)
      assert.include(problems[0], problem)
    }))

  it.effect("accepts the maximum number of words and patterns, of maximum length", () =>
    Effect.gen(function*() {
      const [word, pattern] = ["w".repeat(128), "p".repeat(1024)]
      const options = { words: [...many(9999, "a"), word], patterns: [...many(63, "b"), pattern] }
      assert.deepStrictEqual(textsOf(yield* filtered(`${word} ${pattern}.`, options)), ["[filtered] [filtered]."])
    }))

  it.effect("names each invalid word and pattern", () =>
    Effect.gen(function*() {
      const words = yield* Effect.flip(ContentFilterMiddleware.make({ words: ["?", "fine", "!"] }))
      assert.deepStrictEqual(words.problems.map((problem) => problem.slice(0, 7)), ["word 0:", "word 2:"])
      const patterns = yield* Effect.flip(ContentFilterMiddleware.make({ patterns: ["(", "fine", "a*"] }))
      assert.deepStrictEqual(patterns.problems.map((problem) => problem.slice(0, 10)), ["pattern 0:", "pattern 2:"])
    }))

  it.effect("has a layer that fails on a second one, and on an invalid word", () =>
    Effect.gen(function*() {
      const listed = Effect.flatMap(MiddlewarePipeline, ({ list }) => list)
      const within = (layer: ReturnType<typeof ContentFilterMiddleware.layer>) =>
        Effect.provide(listed, Layer.provideMerge(layer, MiddlewarePipeline.layer()))
      assert.deepStrictEqual(yield* within(ContentFilterMiddleware.layer({})), ["content-filter"])
      const twice = Layer.merge(ContentFilterMiddleware.layer({}), ContentFilterMiddleware.layer({}))
      assert.include((yield* Effect.flip(within(twice))).message, "two middleware are named \"content-filter\"")
      const wrong = ContentFilterMiddleware.layer({ words: ["?"] })
      assert.match((yield* Effect.flip(within(wrong))).problems[0], /^word 0: /)
    }))
})
