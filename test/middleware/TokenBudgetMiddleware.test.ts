import { assert, describe, it } from "@effect/vitest"
import { DateTime, Deferred, Effect, Fiber, Option, TestClock } from "effect"
import { ProviderRejected } from "../../src/domain/error/ProviderError.js"
import { StoreError } from "../../src/domain/error/StoreError.js"
import { TurnId } from "../../src/domain/Ids.js"
import type { SessionInfo } from "../../src/domain/Session.js"
import { makeSessionContext } from "../../src/domain/SessionContext.js"
import type { Turn } from "../../src/domain/Turn.js"
import * as TokenBudgetMiddleware from "../../src/layers/middleware/TokenBudgetMiddleware.js"
import { MockProvider } from "../../src/layers/provider/MockProvider.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import type { MiddlewareContext } from "../../src/services/Middleware.js"
import { Pricing } from "../../src/services/Pricing.js"
import { ProviderEvent } from "../../src/services/Provider.js"
import type { Session } from "../../src/services/Session.js"
import { SessionStore } from "../../src/services/SessionStore.js"
import { start } from "../host/anotherHost.js"
import { script } from "../host/scripted.js"
import { spokenReply } from "../host/spokenReply.js"
import { prompt } from "./pipeline.js"

/** A prompt of 40 tokens. */
const question = "x".repeat(160)

/** Uses 100 input and 20 output tokens. */
const counted = (text = "Hi") => ({
  text,
  end: ProviderEvent.Finished({ reason: "complete", usage: { inputTokens: 100, outputTokens: 20 } })
})

const contextOf = (session: SessionInfo, turnId?: string): MiddlewareContext => ({
  session,
  context: makeSessionContext(session.id, DateTime.unsafeMake(0)),
  ...(turnId !== undefined && { turnId: TurnId.make(turnId) })
})

/** The last turn of the session. */
const last = (session: Session) => Effect.map(session.turns, (turns) => turns.at(-1))

/** A middleware outside the pipeline: the test calls its stages for turns that really happen. */
const budgetOf = (options: TokenBudgetMiddleware.TokenBudgetMiddlewareOptions) =>
  Effect.gen(function*() {
    const middleware = yield* TokenBudgetMiddleware.make(options)
    const admit = Effect.fnUntraced(function*(session: Session, turnId: string | undefined, text = question) {
      const context = contextOf(yield* session.info, turnId)
      const answer = yield* Effect.either(middleware.admission?.(prompt(text), context) ?? Effect.void)
      return answer._tag === "Left" ? answer.left.reason : "ok"
    })
    const ended = Effect.fnUntraced(function*(session: Session, turnId: string, turn?: Turn) {
      yield* middleware.ended?.(turn && { ...turn, id: TurnId.make(turnId) }, contextOf(yield* session.info, turnId)) ??
        Effect.void
    })
    return { middleware, admit, ended, last }
  })

const tokensOfUser = (tokens: number) => ({ expectedOutput: 60, budgets: [{ tokens, per: "day" as const }] as const })
const runtime = SessionRuntime.layerTest()

describe("TokenBudgetMiddleware", () => {
  it.scoped("admits turns up to the budget, and refuses the next one with what is left and when it renews", () =>
    Effect.gen(function*() {
      const { admit } = yield* budgetOf(tokensOfUser(250))
      const session = yield* start
      assert.deepStrictEqual([yield* admit(session, "1"), yield* admit(session, "2")], ["ok", "ok"])
      yield* TestClock.adjust("1 seconds")
      assert.strictEqual(
        yield* admit(session, "3"),
        "the budget of 250 tokens in a day for a user has 48 left, and this turn may use 101; it renews in 23h 59m 59s"
      )
      assert.strictEqual(yield* admit(session, undefined), "ok", "a system message makes no call")
    }).pipe(Effect.provide(runtime)))

  it.scoped("admits exactly the budget, and not one token more", () =>
    Effect.gen(function*() {
      const session = yield* start
      const enough = yield* budgetOf(tokensOfUser(101))
      assert.strictEqual(yield* enough.admit(session, "1"), "ok")
      const short = yield* budgetOf(tokensOfUser(100))
      assert.include(yield* short.admit(session, "1"), "has 100 left, and this turn may use 101")
    }).pipe(Effect.provide(runtime)))

  it.scoped("admits only one of two concurrent turns for the last tokens, even with a slow store", () =>
    Effect.gen(function*() {
      const store = yield* SessionStore
      const reading = yield* Deferred.make<void>()
      const slow = SessionStore.of({
        ...store,
        analytics: (query) => Effect.zipRight(Deferred.await(reading), store.analytics(query))
      })
      const { admit } = yield* Effect.provideService(budgetOf(tokensOfUser(150)), SessionStore, slow)
      const session = yield* start
      const both = yield* Effect.fork(Effect.all([admit(session, "1"), admit(session, "2")], { concurrency: 2 }))
      yield* Effect.repeatN(Effect.yieldNow(), 20)
      yield* Deferred.succeed(reading, undefined)
      const answers = yield* Fiber.join(both)
      assert.deepStrictEqual(answers.map((answer) => answer === "ok"), [true, false])
    }).pipe(Effect.provide(runtime)))

  it.scoped("counts a turn that ends while the store is read", () =>
    Effect.gen(function*() {
      const store = yield* SessionStore
      const read = yield* Deferred.make<void>()
      const goOn = yield* Deferred.make<void>()
      let isSlow = false
      const stale = SessionStore.of({
        ...store,
        analytics: (query) =>
          store.analytics(query).pipe(Effect.tap(() =>
            isSlow ? Effect.zipRight(Deferred.succeed(read, undefined), Deferred.await(goOn)) : Effect.void
          ))
      })
      const { admit, ended, last } = yield* Effect.provideService(budgetOf(tokensOfUser(200)), SessionStore, stale)
      const session = yield* start
      yield* admit(session, "1")
      isSlow = true
      const second = yield* Effect.fork(admit(session, "2"))
      yield* Deferred.await(read)
      yield* script(counted())
      yield* session.send(question)
      yield* ended(session, "1", yield* last(session))
      yield* Deferred.succeed(goOn, undefined)
      assert.include(yield* Fiber.join(second), "has 80 left")
    }).pipe(Effect.provide(runtime)))

  it.scoped("settles by the reported usage, and releases the rest", () =>
    Effect.gen(function*() {
      const { admit, ended, last } = yield* budgetOf({ expectedOutput: 1000, budgets: [{ tokens: 2000, per: "day" }] })
      const session = yield* start
      assert.strictEqual(yield* admit(session, "1"), "ok")
      yield* script(counted())
      yield* session.send(question)
      yield* ended(session, "1", yield* last(session))
      // 120 are used. The next turn: 120 of history by the provider's count, 40 of the prompt, 1,000 of the reply.
      assert.strictEqual(yield* admit(session, "2"), "ok")
      assert.include(
        yield* admit(session, "3"),
        "the budget of 2000 tokens in a day for a user has 720 left, and this turn may use 1160"
      )
    }).pipe(Effect.provide(runtime)))

  it.scoped("releases the reservation of a send without a turn, or of a turn without a call", () =>
    Effect.gen(function*() {
      const { admit, ended, last } = yield* budgetOf(tokensOfUser(101))
      const session = yield* start
      assert.strictEqual(yield* admit(session, "1"), "ok")
      yield* ended(session, "1")
      assert.strictEqual(yield* admit(session, "2"), "ok")
      yield* script({ end: new ProviderRejected({ provider: "mock", reason: "HTTP 400" }) })
      yield* Effect.flip(session.send(question))
      yield* ended(session, "2", yield* last(session))
      // The question is in the history.
      assert.include(yield* admit(session, "3"), "has 101 left")
    }).pipe(Effect.provide(runtime)))

  it.scoped("row 45: counts the estimate of a call without a report, also in a stopped turn", () =>
    Effect.gen(function*() {
      const { admit, ended, last } = yield* budgetOf(tokensOfUser(1000))
      const session = yield* start
      yield* admit(session, "1")
      const spoken = yield* spokenReply
      yield* script(spoken.reply)
      const send = yield* Effect.fork(session.send(question))
      yield* spoken.say("y".repeat(80))
      yield* Effect.repeatN(Effect.yieldNow(), 20)
      yield* session.stop()
      yield* Effect.flip(Fiber.join(send))
      const turn = yield* last(session)
      assert.deepStrictEqual([turn?.status, turn?.attempts?.[0]?.usage], ["stopped", undefined])
      yield* ended(session, "1", turn)
      // 41 for the question with the settings, 20 for the partial reply.
      assert.include(yield* admit(session, "2", "x".repeat(8000)), "has 939 left")
    }).pipe(Effect.provide(runtime)))

  it.scoped("counts all calls of a turn, failed ones included", () =>
    Effect.gen(function*() {
      const second = yield* MockProvider.make({ name: "second" })
      const { admit, ended, last } = yield* budgetOf(tokensOfUser(1000))
      const session = yield* start
      yield* session.configure({ fallbacks: [{ provider: "second", model: "m" }] })
      yield* script({
        events: [
          ProviderEvent.Usage({ usage: { inputTokens: 100, outputTokens: 0 } })
        ],
        end: new ProviderRejected({ provider: "mock", reason: "HTTP 400" })
      })
      yield* second.script([counted()])
      yield* admit(session, "1")
      yield* session.send(question)
      const turn = yield* last(session)
      assert.lengthOf(turn?.attempts ?? [], 2)
      yield* ended(session, "1", turn)
      assert.include(yield* admit(session, "2", "x".repeat(8000)), "has 780 left")
    }).pipe(Effect.provide(runtime)))

  it.scoped("knows after a restart what was used before, and counts a turn that an earlier process admitted", () =>
    Effect.gen(function*() {
      const session = yield* start
      yield* script(counted(), counted())
      yield* session.send(question)
      const later = yield* budgetOf(tokensOfUser(1000))
      assert.include(yield* later.admit(session, "1", "x".repeat(8000)), "has 880 left")
      yield* session.send(question)
      yield* later.ended(session, "2", yield* later.last(session))
      assert.include(yield* later.admit(session, "3", "x".repeat(8000)), "has 760 left")
    }).pipe(Effect.provide(runtime)))

  it.scoped("renews a daily budget at midnight UTC, including estimates", () =>
    Effect.gen(function*() {
      const { admit, ended, last } = yield* budgetOf(tokensOfUser(300))
      const session = yield* start
      yield* admit(session, "1")
      yield* script(counted())
      yield* session.send(question)
      yield* ended(session, "1", yield* last(session))
      assert.include(
        yield* admit(session, "2", "x".repeat(4000)),
        "has 180 left, and this turn may use 1180; it renews in 2s"
      )
      yield* TestClock.adjust("2 seconds")
      assert.include(yield* admit(session, "3", "x".repeat(4000)), "has 300 left")
    }).pipe(
      Effect.provide(runtime),
      // Before the runtime starts, which would run everything due within that day.
      (test) => Effect.zipRight(TestClock.setTime(86_400_000 - 2000), test)
    ))

  it.scoped("changes the reservation when a waiting turn is edited, and keeps it if the edit is refused", () =>
    Effect.gen(function*() {
      const { admit, ended } = yield* budgetOf(tokensOfUser(250))
      const session = yield* start
      yield* admit(session, "1")
      assert.include(yield* admit(session, "1", "x".repeat(4000)), "has 250 left")
      assert.include(yield* admit(session, "2", "x".repeat(4000)), "has 149 left")
      assert.strictEqual(yield* admit(session, "1", "x".repeat(320)), "ok")
      assert.include(yield* admit(session, "2", "x".repeat(4000)), "has 109 left")
      yield* ended(session, "1")
      assert.include(yield* admit(session, "2", "x".repeat(4000)), "has 250 left")
    }).pipe(Effect.provide(runtime)))

  it.scoped("applies a lifetime budget of a session, and a rolling budget of a group", () =>
    Effect.gen(function*() {
      const { admit, ended, last } = yield* budgetOf({
        expectedOutput: 60,
        budgets: [
          { tokens: 400, by: "session", per: "lifetime" },
          { tokens: 500, by: () => "acme", per: "24 seconds" }
        ]
      })
      const first = yield* start
      const second = yield* start
      for (const [id, session] of [first, first, second].entries()) {
        assert.strictEqual(yield* admit(session, `${id}`), "ok")
        yield* script(counted())
        yield* session.send(question)
        yield* ended(session, `${id}`, yield* last(session))
      }
      assert.strictEqual(
        yield* admit(first, "a"),
        "the budget of 400 tokens in all time for a session has 160 left, and this turn may use 220; it does not renew"
      )
      assert.include(
        yield* admit(second, "b"),
        "the budget of 500 tokens in 24s for this group has 140 left, and this turn may use 220"
      )
      yield* TestClock.adjust("24 seconds")
      assert.include(yield* admit(second, "b"), "has 140 left")
      yield* TestClock.adjust("1 seconds")
      assert.strictEqual(yield* admit(second, "b"), "ok")
    }).pipe(Effect.provide(runtime)))

  it.scoped("limits costs, and refuses a model of unknown price unless it is free", () =>
    Effect.gen(function*() {
      const session = yield* start
      const options = { expectedOutput: 60, budgets: [{ nanoUsd: 1500, per: "day" }] } as const
      const priced = Pricing.of({
        costOf: ({ usage }) => Option.some({ nanoUsd: 10 * (usage.inputTokens + usage.outputTokens), pricedAs: "flat" })
      })
      const known = yield* Effect.provideService(budgetOf(options), Pricing, priced)
      assert.strictEqual(yield* known.admit(session, "1"), "ok")
      assert.include(
        yield* known.admit(session, "2"),
        "the budget of 1500 nano-dollars in a day for a user has 490 left, and this turn may use 1010"
      )
      const unknown = yield* budgetOf(options)
      assert.strictEqual(yield* unknown.admit(session, "1"), "the price of the session's model is unknown")
      const free = yield* budgetOf({ ...options, unpriced: "free" })
      assert.strictEqual(yield* free.admit(session, "1"), "ok")
    }).pipe(Effect.provide(runtime)))

  it.scoped("refuses turns while it cannot read the store", () =>
    Effect.gen(function*() {
      const store = yield* SessionStore
      const session = yield* start
      const broken = SessionStore.of({
        ...store,
        analytics: () => new StoreError({ reason: "Io", detail: "told to" })
      })
      const { admit } = yield* Effect.provideService(budgetOf(tokensOfUser(5000)), SessionStore, broken)
      assert.strictEqual(yield* admit(session, "1"), "the remaining budget cannot be read from the store")
    }).pipe(Effect.provide(runtime)))

  it.effect("refuses budgets that allow nothing, or limit nothing", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(
        TokenBudgetMiddleware.make({ budgets: [{ per: "day" }, { tokens: 0, per: 0 }] })
      )
      assert.deepStrictEqual("problems" in error && error.problems, [
        "TokenBudgetMiddleware: a budget must have \"tokens\" or \"nanoUsd\"",
        "TokenBudgetMiddleware: \"tokens\" and \"nanoUsd\" must be positive integers",
        "TokenBudgetMiddleware: \"per\" must be at least 1 ms and finite"
      ])
    }).pipe(Effect.provide(runtime)))
})
