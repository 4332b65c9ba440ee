import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Ref } from "effect"
import { ProviderRejected } from "../../src/domain/error/ProviderError.js"
import type { MessageAnalysis } from "../../src/layers/middleware/AnalyticsMiddleware.js"
import * as AnalyticsMiddleware from "../../src/layers/middleware/AnalyticsMiddleware.js"
import * as TokenBudgetMiddleware from "../../src/layers/middleware/TokenBudgetMiddleware.js"
import { MockProvider } from "../../src/layers/provider/MockProvider.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { MiddlewarePipeline } from "../../src/services/MiddlewarePipeline.js"
import { ProviderEvent } from "../../src/services/Provider.js"
import type { Session } from "../../src/services/Session.js"
import { start } from "../host/anotherHost.js"
import { gatedReply } from "../host/gatedReply.js"
import { runningTurn } from "../host/runningTurn.js"
import { script } from "../host/scripted.js"

const runtime = SessionRuntime.layerTest()
const question = "x".repeat(160)
const counted = {
  text: "Hi",
  end: ProviderEvent.Finished({ reason: "complete", usage: { inputTokens: 100, outputTokens: 20 } })
}

/** Reserves 60 tokens for a reply. */
const withBudget = (tokens: number) =>
  Effect.flatMap(MiddlewarePipeline, (pipeline) =>
    Effect.flatMap(
      TokenBudgetMiddleware.make({ expectedOutput: 60, budgets: [{ tokens, per: "day" }] }),
      (middleware) => pipeline.add(middleware)
    ))

/** The remaining budget, from the refusal of a send that never fits. Waits for turns to be settled, which sends do not. */
const left = (session: Session) =>
  Effect.repeatN(Effect.yieldNow(), 20).pipe(
    Effect.zipRight(Effect.flip(session.send("x".repeat(100_000)))),
    Effect.map(({ message }) => /has (\d+) left/u.exec(message)?.[1])
  )

describe("TokenBudgetMiddleware, in a runtime,", () => {
  it.scoped("settles completed, failed and stopped turns", () =>
    Effect.gen(function*() {
      yield* withBudget(1000)
      const session = yield* start
      yield* script(counted)
      yield* session.send(question)
      assert.strictEqual(yield* left(session), "880")
      yield* script({ end: new ProviderRejected({ provider: "mock", reason: "HTTP 400" }) })
      yield* Effect.flip(session.send(question))
      assert.strictEqual(yield* left(session), "880")
      const { asked, reply } = yield* gatedReply("never said")
      yield* script(reply)
      const send = yield* Effect.fork(session.send(question))
      yield* asked
      // 120 of the history, 80 of two questions, and 60 for the reply.
      assert.strictEqual(yield* left(session), "620")
      yield* session.stop()
      yield* Effect.flip(Fiber.join(send))
      // The usage of that call is unknown.
      assert.strictEqual(yield* left(session), "620")
    }).pipe(Effect.provide(runtime)))

  it.scoped("releases the reservation of a waiting turn that is dropped, and stores nothing of a refused one", () =>
    Effect.gen(function*() {
      yield* withBudget(1000)
      const session = yield* start
      const { open, ...running } = yield* runningTurn(session, question, "Hi")
      const before = yield* left(session)
      const waiting = yield* session.submit(question)
      assert.notStrictEqual(yield* left(session), before)
      yield* session.stop({ turnId: waiting.turnId })
      assert.strictEqual(yield* left(session), before)
      yield* open
      yield* session.send({ content: question, key: "after" })
      assert.lengthOf(yield* session.turns, 3)
      assert.strictEqual((yield* session.turn(running.turnId)).status, "completed")
    }).pipe(Effect.provide(runtime)))

  it.scoped("counts calls of a fallback", () =>
    Effect.gen(function*() {
      const second = yield* MockProvider.make({ name: "second" })
      yield* withBudget(1000)
      const session = yield* start
      yield* session.configure({ fallbacks: [{ provider: "second", model: "m" }] })
      yield* script({ end: new ProviderRejected({ provider: "mock", reason: "HTTP 400" }) })
      yield* second.script([counted])
      yield* session.send(question)
      assert.strictEqual(yield* left(session), "880")
    }).pipe(Effect.provide(runtime)))

  it.effect("fails on a second one in a pipeline", () =>
    Effect.gen(function*() {
      const layer = TokenBudgetMiddleware.layer({ budgets: [{ tokens: 1, per: "day" }] })
      const error = yield* Effect.flip(Layer.build(Layer.merge(layer, Layer.fresh(layer))))
      assert.include(error.message, "two middleware are named \"tokenBudget\"")
    }).pipe(Effect.scoped, Effect.provide(runtime)))
})

describe("AnalyticsMiddleware, in a runtime,", () => {
  it.scoped("reports each message, its role, and the model that replied", () =>
    Effect.gen(function*() {
      const second = yield* MockProvider.make({ name: "second" })
      const found = yield* Ref.make<ReadonlyArray<MessageAnalysis>>([])
      yield* Effect.scoped(Effect.gen(function*() {
        const pipeline = yield* MiddlewarePipeline
        yield* pipeline.add(
          yield* AnalyticsMiddleware.make({ sink: (analysis) => Ref.update(found, (all) => [...all, analysis]) })
        )
        const session = yield* start
        yield* session.configure({ fallbacks: [{ provider: "second", model: "m" }] })
        yield* script({ end: new ProviderRejected({ provider: "mock", reason: "HTTP 400" }) })
        yield* second.script([counted])
        yield* session.send("How are you?")
        yield* Effect.repeatN(Effect.yieldNow(), 20)
      }))
      assert.deepStrictEqual(
        (yield* found).map(({ characters, hasQuestion, provider, role }) => [role, provider, characters, hasQuestion]),
        [["user", "second", 12, true], ["assistant", "second", 2, false]]
      )
    }).pipe(Effect.provide(runtime)))
})
