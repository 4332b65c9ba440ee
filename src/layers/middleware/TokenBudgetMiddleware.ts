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
import { layerFromConfig } from "../../services/internal/config.js"
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
  /** All budgets apply to every turn. */
  readonly budgets: Arr.NonEmptyReadonlyArray<TokenBudget>
  /** Output tokens to reserve when the session's `providerConfig` has no `maxTokens`. Default: 1,000. */
  readonly expectedOutput?: number
  /** Under a cost budget, whether a turn whose model has no known price is refused or counts as free. Default: `refuse`. */
  readonly unpriced?: "refuse" | "free"
  /** Users, sessions or groups of a budget kept in memory at the same time. Default: 100,000. */
  readonly maxKeys?: number
}

/**
 * A middleware named `tokenBudget` that admits a turn only if its budgets have room for its estimated usage. The estimate is
 * reserved at admission. When the turn ends, in whatever way, it is replaced by the usage that the provider reported, or by an
 * estimate where it reported none. A refusal names what is left, and when the budget renews.
 *
 * Concurrent turns cannot reserve the same tokens. A turn may use more than it reserved, so the turns in flight can exceed the budget
 * by that much.
 *
 * Fails with `ConfigurationError` when a budget has no limit, or one that allows nothing.
 */
export const make = Effect.fnUntraced(function*(
  { budgets, expectedOutput = 1000, maxKeys = 100_000, unpriced = "refuse" }: TokenBudgetMiddlewareOptions
) {
  const store = yield* SessionStore
  const pricing = yield* Pricing
  const problems = budgets.flatMap(toProblems)
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
      return yield* new MiddlewareRefusal({ reason: "the price of the session's model is unknown" })
    }
    return { tokens, nanoUsd: Option.getOrElse(cost, () => 0) }
  })

  /** Synchronous, so that no two turns reserve the same tokens. Returns the refusal, if any. */
  const reserve = (turnId: TurnId, wanted: Reservation, used: ReadonlyArray<Amount>, at: Moment, isEdit: boolean) => {
    const before = reservations.get(turnId)
    // The edited turn ended meanwhile, so there is nothing to reserve.
    if (isEdit && before === undefined) return undefined
    const taken = Arr.zip(Arr.zip(ledgers, wanted.keys), used)
    for (const [[ledger, key], stored] of taken) {
      const others = minus(ledger.accounts.pending(key, ledger.sliceAt(at)), before?.amount ?? nothing)
      const refusal = ledger.check(plus(stored, others), wanted.amount, at)
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
    // A system message makes no provider call.
    if (turnId === undefined) return prompt
    const isEdit = reservations.has(turnId)
    // An edit of a turn that an earlier process admitted; its usage counts when it ends.
    if (!isEdit && Option.isSome(yield* store.turn(session.id, turnId))) return prompt
    const estimate = yield* estimateTurn(store, session, prompt.parts, expectedOutput)
    const amount = yield* amountOf(estimate, context)
    const keys = budgets.map(({ by = "user" }) => toKey(by, context))
    const each = Arr.zip(ledgers, keys)
    const refusal = yield* Effect.acquireUseRelease(
      Effect.sync(() => each.forEach(([{ accounts }, key]) => accounts.beginRead(key))),
      () =>
        Effect.gen(function*() {
          const used = yield* Effect.forEach(ledgers, (ledger) => ledger.used(context))
          return reserve(turnId, { keys, estimate, amount }, used, yield* moment, isEdit)
        }),
      () => Effect.sync(() => each.forEach(([{ accounts }, key]) => accounts.endRead(key)))
    )
    return refusal ? yield* refusal : prompt
  })

  /** The usage of calls without a report of the provider. */
  const estimateCalls = Effect.fnUntraced(
    function*(turn: Turn, context: MiddlewareContext, calls: ReadonlyArray<Attempt>) {
      const { session } = context
      const { inputTokens, outputTokens } = reservations.get(turn.id)?.estimate ??
        (yield* estimateTurn(store, session, turn.prompt?.parts ?? [], expectedOutput))
      const reply = turn.replySeq === undefined ? Option.none() : yield* store.messageAt(session.id, turn.replySeq)
      const replyTokens = Option.match(reply, {
        onNone: () => outputTokens,
        onSome: ({ parts }) => estimateTokens(parts)
      })
      let amount = nothing
      for (const [index, { model, provider }] of calls.entries()) {
        // Calls before the last one produced no output.
        const usage = { inputTokens, outputTokens: index === calls.length - 1 ? replyTokens : 0 }
        const cost = yield* costOf(provider, model, usage)
        amount = plus(amount, {
          tokens: usage.inputTokens + usage.outputTokens,
          nanoUsd: Option.getOrElse(cost, () => 0)
        })
      }
      return amount
    }
  )

  const settle = Effect.fnUntraced(function*(turn: Turn | undefined, context: MiddlewareContext) {
    const { turnId } = context
    if (turnId === undefined) return
    const attempts = turn?.attempts ?? []
    const unreported = attempts.filter((attempt) => attempt.usage === undefined && mayCost(attempt))
    const estimated = turn && unreported.length > 0
      ? yield* Effect.orElseSucceed(
        estimateCalls(turn, context, unreported),
        () => reservations.get(turnId)?.amount ?? { tokens: expectedOutput, nanoUsd: 0 }
      )
      : nothing
    const counted = attempts.map(toAmount).reduce(plus, nothing)
    const at = yield* moment
    const reservation = reservations.get(turnId)
    reservations.delete(turnId)
    if (reservation) release(reservation)
    const keys = reservation?.keys ?? budgets.map(({ by = "user" }) => toKey(by, context))
    for (const [ledger, key] of Arr.zip(ledgers, keys)) ledger.settle(key, at, counted, estimated)
  })

  const middleware: Middleware = {
    name: "tokenBudget",
    // After middleware that shortens or refuses prompts, before observers.
    priority: -1_000_000,
    admission: (prompt, context) =>
      Effect.catchTags(admit(prompt, context), {
        SessionNotFound: () => unreadableBudget,
        StoreError: () => unreadableBudget,
        InvalidRequest: () => unreadableBudget
      }),
    ended: settle
  }
  return middleware
})

/**
 * Adds the middleware to the pipeline. Fails with `ConfigurationError` as `make` does, and when there is already one named
 * `tokenBudget`.
 */
export const layer = (
  options: TokenBudgetMiddlewareOptions
): Layer.Layer<never, ConfigurationError, MiddlewarePipeline | Pricing | SessionStore> =>
  Layer.scopedDiscard(Effect.gen(function*() {
    const pipeline = yield* MiddlewarePipeline
    yield* pipeline.add(yield* make(options))
  }))

/**
 * `layer` with options read from `Config`.
 */
export const layerConfig = layerFromConfig(layer)

interface Reservation {
  readonly keys: ReadonlyArray<string>
  readonly estimate: TokenUsage
  readonly amount: Amount
}

const unreadableBudget = new MiddlewareRefusal({ reason: "the remaining budget cannot be read from the store" })

const toAmount = ({ cost, usage }: Attempt): Amount => ({
  tokens: usage === undefined ? 0 : usage.inputTokens + usage.outputTokens,
  nanoUsd: cost?.nanoUsd ?? 0
})

const problem = (text: string) => `TokenBudgetMiddleware: ${text}`

const toProblems = ({ nanoUsd, per, tokens }: TokenBudget): ReadonlyArray<string> => {
  const limits = [tokens, nanoUsd].filter((limit) => limit !== undefined)
  return [
    ...(limits.length === 0 ? [problem("a budget must have \"tokens\" or \"nanoUsd\"")] : []),
    ...(limits.every((limit) => Number.isSafeInteger(limit) && limit > 0)
      ? []
      : [problem("\"tokens\" and \"nanoUsd\" must be positive integers")]),
    ...(per === "day" || per === "lifetime" || isFinitePeriod(Duration.toMillis(per))
      ? []
      : [problem("\"per\" must be at least 1 ms and finite")])
  ]
}

const isFinitePeriod = (millis: number): boolean => Number.isFinite(millis) && millis >= 1
