import * as Arr from "effect/Array"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { ConfigurationError } from "../../domain/error/RequestError.js"
import type { TurnId } from "../../domain/Ids.js"
import type { TokenUsage } from "../../domain/Message.js"
import { mayCost } from "../../domain/SessionMetrics.js"
import type { Attempt, Prompt, Turn } from "../../domain/Turn.js"
import { estimateTokens } from "../../services/internal/calls/contextWindow.js"
import { type Middleware, type MiddlewareContext, MiddlewareRefusal } from "../../services/Middleware.js"
import { MiddlewarePipeline } from "../../services/MiddlewarePipeline.js"
import { Pricing } from "../../services/Pricing.js"
import { SessionStore } from "../../services/SessionStore.js"
import {
  type Amount,
  estimateTurn,
  makeBudget,
  minus,
  type Moment,
  moment,
  nothing,
  plus,
  type TokenBudget
} from "./internal/budget.js"
import { toKey } from "./internal/rateLimiter.js"

export type { TokenBudget }

export interface TokenBudgetMiddlewareOptions {
  /** A turn must keep to all of them. */
  readonly budgets: Arr.NonEmptyReadonlyArray<TokenBudget>
  /** Tokens of a reply to reserve where the session's `providerConfig` has no `maxTokens`. 1,000 unless told. */
  readonly expectedOutput?: number
  /** What becomes of a turn whose model has no known price, under a budget of costs. `refuse` unless told. */
  readonly unpriced?: "refuse" | "free"
  /** Users, sessions or groups that are kept in mind of a budget at the same time. 100,000 unless told. */
  readonly maxKeys?: number
}

interface Reservation {
  readonly keys: ReadonlyArray<string>
  readonly estimate: TokenUsage
  readonly amount: Amount
}

/**
 * A middleware named `tokenBudget` that lets a turn in only while its budgets have room for what it may use: that is reserved
 * at admission, and settled when the turn has ended, however it did, by what the provider counted, or by an estimate where it
 * did not say. A refusal says what is left, and when there will be more.
 *
 * Turns that are let in at the same time cannot take the same tokens. One may still use more than was reserved for it, so that a
 * budget can be exceeded by as much as the turns in flight do. Fails when a budget can let nothing through.
 */
export const make = Effect.fnUntraced(function*(
  { budgets, expectedOutput = 1000, maxKeys = 100_000, unpriced = "refuse" }: TokenBudgetMiddlewareOptions
) {
  const store = yield* SessionStore
  const pricing = yield* Pricing
  const problems = budgets.flatMap(problemsOf)
  if (Arr.isNonEmptyReadonlyArray(problems)) return yield* new ConfigurationError({ problems })
  const ledgers = budgets.map((budget) => makeBudget(budget, store, maxKeys))
  const reservations = new Map<TurnId, Reservation>()

  const costOf = (provider: string, model: string, usage: TokenUsage): Effect.Effect<Option.Option<number>> =>
    Effect.map(
      DateTime.now,
      (at) => Option.map(pricing.costOf({ provider, model, usage, at }), ({ nanoUsd }) => nanoUsd)
    )

  const amountOf = Effect.fnUntraced(function*(usage: TokenUsage, { session }: MiddlewareContext) {
    const tokens = usage.inputTokens + usage.outputTokens
    if (budgets.every(({ nanoUsd }) => nanoUsd === undefined)) return { tokens, nanoUsd: 0 }
    const cost = yield* costOf(session.provider, session.model, usage)
    if (Option.isNone(cost) && unpriced === "refuse") {
      return yield* new MiddlewareRefusal({ reason: "the price of the session's model is not known" })
    }
    return { tokens, nanoUsd: Option.getOrElse(cost, () => 0) }
  })

  /** Nothing happens in between, so that no two turns are let in for the same tokens. */
  const reserve = (turnId: TurnId, wanted: Reservation, used: ReadonlyArray<Amount>, at: Moment, isEdit: boolean) => {
    const before = reservations.get(turnId)
    // Its turn has ended meanwhile: there is nothing left to be reserved.
    if (isEdit && before === undefined) return undefined
    const taken = Arr.zip(Arr.zip(ledgers, wanted.keys), used)
    for (const [[ledger, key], stored] of taken) {
      const others = minus(ledger.accounts.spokenFor(key, ledger.sliceAt(at)), before?.amount ?? nothing)
      const refusal = ledger.refusalOf(plus(stored, others), wanted.amount, at)
      if (refusal) return refusal
    }
    if (before) release(before)
    for (const [[ledger, key]] of taken) ledger.accounts.reserve(key, wanted.amount)
    reservations.set(turnId, wanted)
    return undefined
  }

  const release = ({ amount, keys }: Reservation) => {
    for (const [{ accounts }, key] of Arr.zip(ledgers, keys)) accounts.release(key, amount)
  }

  const admit = Effect.fnUntraced(function*(prompt: Prompt, context: MiddlewareContext) {
    const { session, turnId } = context
    // For a system message nobody is called.
    if (turnId === undefined) return prompt
    const isEdit = reservations.has(turnId)
    // An edit of a turn that an earlier process let in: it counts when it has ended.
    if (!isEdit && Option.isSome(yield* store.turn(session.id, turnId))) return prompt
    const estimate = yield* estimateTurn(store, session, prompt.parts, expectedOutput)
    const amount = yield* amountOf(estimate, context)
    const keys = budgets.map(({ by = "user" }) => toKey(by, context))
    const each = Arr.zip(ledgers, keys)
    const refusal = yield* Effect.acquireUseRelease(
      Effect.sync(() => each.forEach(([{ accounts }, key]) => accounts.enter(key))),
      () =>
        Effect.gen(function*() {
          const used = yield* Effect.forEach(ledgers, (ledger) => ledger.used(context))
          return reserve(turnId, { keys, estimate, amount }, used, yield* moment, isEdit)
        }),
      () => Effect.sync(() => each.forEach(([{ accounts }, key]) => accounts.leave(key)))
    )
    return refusal ? yield* refusal : prompt
  })

  /** For calls of which the provider did not say what they took. */
  const guess = Effect.fnUntraced(function*(turn: Turn, context: MiddlewareContext, calls: ReadonlyArray<Attempt>) {
    const { session } = context
    const { inputTokens, outputTokens } = reservations.get(turn.id)?.estimate ??
      (yield* estimateTurn(store, session, turn.prompt?.parts ?? [], expectedOutput))
    const reply = turn.replySeq === undefined ? Option.none() : yield* store.messageAt(session.id, turn.replySeq)
    const said = Option.match(reply, { onNone: () => outputTokens, onSome: ({ parts }) => estimateTokens(parts) })
    let amount = nothing
    for (const [index, { model, provider }] of calls.entries()) {
      // Whoever is called again has said nothing before.
      const usage = { inputTokens, outputTokens: index === calls.length - 1 ? said : 0 }
      const cost = yield* costOf(provider, model, usage)
      amount = plus(amount, {
        tokens: usage.inputTokens + usage.outputTokens,
        nanoUsd: Option.getOrElse(cost, () => 0)
      })
    }
    return amount
  })

  const settle = Effect.fnUntraced(function*(turn: Turn | undefined, context: MiddlewareContext) {
    const { turnId } = context
    if (turnId === undefined) return
    const attempts = turn?.attempts ?? []
    const unknown = attempts.filter((attempt) => attempt.usage === undefined && mayCost(attempt))
    const guessed = turn && unknown.length > 0
      ? yield* Effect.orElseSucceed(
        guess(turn, context, unknown),
        () => reservations.get(turnId)?.amount ?? { tokens: expectedOutput, nanoUsd: 0 }
      )
      : nothing
    const counted = attempts.map(usedBy).reduce(plus, nothing)
    const at = yield* moment
    const reservation = reservations.get(turnId)
    reservations.delete(turnId)
    if (reservation) release(reservation)
    const keys = reservation?.keys ?? budgets.map(({ by = "user" }) => toKey(by, context))
    for (const [ledger, key] of Arr.zip(ledgers, keys)) ledger.settle(key, at, counted, guessed)
  })

  const middleware: Middleware = {
    name: "tokenBudget",
    // After those that shorten or refuse what is asked, and before those that only look.
    priority: -1_000_000,
    admission: (prompt, context) =>
      Effect.catchTags(admit(prompt, context), {
        SessionNotFound: () => unreadable,
        StoreError: () => unreadable,
        InvalidRequest: () => unreadable
      }),
    ended: settle
  }
  return middleware
})

/**
 * Adds it to the pipeline. Fails when a middleware named `tokenBudget` is there already, and as `make` does.
 */
export const layer = (
  options: TokenBudgetMiddlewareOptions
): Layer.Layer<never, ConfigurationError, MiddlewarePipeline | Pricing | SessionStore> =>
  Layer.scopedDiscard(Effect.gen(function*() {
    const pipeline = yield* MiddlewarePipeline
    yield* pipeline.add(yield* make(options))
  }))

const unreadable = new MiddlewareRefusal({ reason: "what is left of the budget cannot be read from the store" })

const usedBy = ({ cost, usage }: Attempt): Amount => ({
  tokens: usage === undefined ? 0 : usage.inputTokens + usage.outputTokens,
  nanoUsd: cost?.nanoUsd ?? 0
})

const problem = (text: string) => `TokenBudgetMiddleware: ${text}`

const problemsOf = ({ nanoUsd, per, tokens }: TokenBudget): ReadonlyArray<string> => {
  const limits = [tokens, nanoUsd].filter((limit) => limit !== undefined)
  return [
    ...(limits.length === 0 ? [problem("a budget must have \"tokens\" or \"nanoUsd\"")] : []),
    ...(limits.every((limit) => Number.isSafeInteger(limit) && limit > 0)
      ? []
      : [problem("\"tokens\" and \"nanoUsd\" must be whole numbers from 1 on")]),
    ...(per === "day" || per === "lifetime" || isSpan(Duration.toMillis(per))
      ? []
      : [problem("\"per\" must be longer than 0, and come to an end")])
  ]
}

const isSpan = (millis: number): boolean => Number.isFinite(millis) && millis > 0
