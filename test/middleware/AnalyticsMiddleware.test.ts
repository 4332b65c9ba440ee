import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Ref, TestClock } from "effect"
import type { Turn } from "../../src/domain/Turn.js"
import type { MessageAnalysis } from "../../src/layers/middleware/AnalyticsMiddleware.js"
import * as AnalyticsMiddleware from "../../src/layers/middleware/AnalyticsMiddleware.js"
import { analyzeText } from "../../src/layers/middleware/internal/textAnalysis.js"
import { now, sessionId, turnId } from "../domain/conversation.js"
import { withCapturedLogs } from "./capturedLogs.js"
import { context, prompt, reply } from "./pipeline.js"

const turn: Turn = {
  id: turnId,
  sessionId,
  ordinal: 1,
  status: "completed",
  attempt: 1,
  attempts: [{ provider: "second", model: "m", startedAt: now }],
  acceptedAt: now,
  endedAt: now,
  promptSeq: 1,
  replySeq: 2
}
const inTurn = { ...context, turnId }

/** Runs all stages for a turn with this question and answer. */
const converse = Effect.fnUntraced(function*(
  { admission, ended, reply: replied }: Effect.Effect.Success<ReturnType<typeof AnalyticsMiddleware.make>>,
  question: string,
  answer: string,
  end: Turn | undefined = turn
) {
  yield* admission?.(prompt(question), inTurn) ?? Effect.void
  yield* replied?.(reply(answer), inTurn) ?? Effect.void
  yield* ended?.(end, inTurn) ?? Effect.void
})

const told = Effect.fnUntraced(function*(
  options: Omit<AnalyticsMiddleware.AnalyticsMiddlewareOptions<string>, "sink">,
  ...turns: ReadonlyArray<readonly [question: string, answer: string, end?: Turn]>
) {
  const found = yield* Ref.make<ReadonlyArray<MessageAnalysis>>([])
  yield* Effect.scoped(Effect.gen(function*() {
    const middleware = yield* AnalyticsMiddleware.make({
      ...options,
      sink: (analysis) => Ref.update(found, (all) => [...all, analysis])
    })
    for (const [question, answer, end] of turns) yield* converse(middleware, question, answer, end)
  }))
  return yield* found
})

describe("AnalyticsMiddleware", () => {
  it.effect("passes an analysis of question and reply to the sink, without their text", () =>
    Effect.gen(function*() {
      const found = yield* told(
        { intent: () => Effect.succeed("ask"), sentiment: (text) => Effect.succeed(`${text.length}`) },
        ["Is it canary?", "It is `canary`."]
      )
      const about = { sessionId, turnId, userId: context.session.userId, provider: "second", model: "m", at: now }
      assert.deepStrictEqual(found, [
        { ...about, role: "user", ...analyzeText("Is it canary?", 100), intent: "ask", sentiment: "13" },
        { ...about, role: "assistant", ...analyzeText("It is `canary`.", 100) }
      ])
      assert.notInclude(JSON.stringify(found), "canary")
    }))

  it.effect("does not analyze messages that are not in the history", () =>
    Effect.gen(function*() {
      const { promptSeq: _, replySeq: __, ...dropped } = turn
      const { replySeq: ___, ...unanswered } = turn
      const found = yield* told({}, ["dropped", "dropped", dropped], ["asked", "lost", unanswered])
      assert.deepStrictEqual(found.map(({ characters, role }) => [role, characters]), [["user", 5]])
    }))

  it.effect("forgets a send without a turn, and replaces an edited question", () =>
    Effect.gen(function*() {
      const found = yield* Ref.make<ReadonlyArray<number>>([])
      yield* Effect.scoped(Effect.gen(function*() {
        const middleware = yield* AnalyticsMiddleware.make({
          sink: ({ characters }) => Ref.update(found, (all) => [...all, characters])
        })
        yield* middleware.admission?.(prompt("refused"), inTurn) ?? Effect.void
        yield* middleware.ended?.(undefined, inTurn) ?? Effect.void
        yield* middleware.ended?.(turn, inTurn) ?? Effect.void
        yield* middleware.admission?.(prompt("first"), inTurn) ?? Effect.void
        yield* converse(middleware, "edited", "Hi")
      }))
      assert.deepStrictEqual(yield* found, [6, 2])
    }))

  it.effect("leaves out the result of a function that fails, dies or hangs, and logs no text", () =>
    withCapturedLogs((lines) =>
      Effect.gen(function*() {
        let calls = 0
        yield* Effect.scoped(Effect.gen(function*() {
          const middleware = yield* AnalyticsMiddleware.make<string>({
            timeout: "1 seconds",
            intent: (text) => {
              throw new Error(text)
            },
            sentiment: () => Effect.never,
            sink: (analysis) => {
              calls++
              assert.notProperty(analysis, "intent")
              return Effect.fail("canary")
            }
          })
          yield* converse(middleware, "canary", "canary")
          yield* TestClock.adjust("1 seconds")
        }))
        assert.strictEqual(calls, 2)
        assert.deepStrictEqual(lines.map(({ message }) => message), [
          "Analytics: \"intent\" failed or timed out",
          "Analytics: \"sentiment\" failed or timed out",
          "Analytics: \"sink\" failed or timed out",
          "Analytics: \"sink\" failed or timed out"
        ])
        assert.notInclude(JSON.stringify(lines), "canary")
      })
    ))

  it.effect("does not delay turns while its sink is slow, and drops messages above its capacity", () =>
    withCapturedLogs((lines) =>
      Effect.gen(function*() {
        const gate = yield* Deferred.make<void>()
        let calls = 0
        yield* Effect.scoped(Effect.gen(function*() {
          const middleware = yield* AnalyticsMiddleware.make({
            capacity: 2,
            sink: () => Effect.zipRight(Deferred.await(gate), Effect.sync(() => calls++))
          })
          yield* converse(middleware, "one", "two")
          yield* Effect.repeatN(Effect.yieldNow(), 9)
          yield* converse(middleware, "three", "four")
          yield* converse(middleware, "five", "six")
          yield* Deferred.succeed(gate, undefined)
        }))
        assert.strictEqual(calls, 3)
        assert.deepStrictEqual(lines.map(({ message }) => message), [
          "Analytics is too slow; 3 messages were dropped"
        ])
      })
    ))
})

describe("analyzeText", () => {
  it.each([
    ["", { words: 0, sentences: 0, complexity: 0 }],
    ["One two. Three?", { words: 3, sentences: 2, hasQuestion: true }],
    ["今日は良い天気です。", { sentences: 1, hasQuestion: false }],
    ["お元気ですか？", { hasQuestion: true }],
    ["see https://example.com/?q=1", { hasUrl: true, hasQuestion: false }],
    ["run `ls -l`", { hasCode: true, hasUrl: false }],
    ["it's a ` only", { hasCode: false, words: 3 }]
  ])("%j", (text, expected) => {
    assert.deepInclude(analyzeText(text, 1000), { ...expected, characters: text.length, analyzed: text.length })
  })

  it("counts words in languages without spaces", () => {
    assert.isAbove(analyzeText("今日は良い天気です。", 100).words, 2)
  })

  it("measures complexity by length, sentences and words, each at most 1", () => {
    // 4 words of 100, 4 words per sentence of 25, 4 characters per word of 10.
    assert.closeTo(analyzeText("four four four four", 100).complexity, (0.04 + 0.16 + 0.4) / 3, 1e-12)
    assert.strictEqual(analyzeText("extraordinary ".repeat(200), 10_000).complexity, 1)
  })

  it("analyzes at most the given number of characters", () => {
    assert.deepInclude(analyzeText("word ".repeat(10), 10), { characters: 50, analyzed: 10, words: 2 })
  })
})
