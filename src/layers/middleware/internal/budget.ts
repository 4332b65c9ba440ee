import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Iterable from "effect/Iterable"
import { dayOf } from "../../../domain/Analytics.js"
import type { InvalidRequest } from "../../../domain/error/RequestError.js"
import type { SessionNotFound } from "../../../domain/error/SessionError.js"
import type { StoreError } from "../../../domain/error/StoreError.js"
import type { Message, Part, TokenUsage } from "../../../domain/Message.js"
import type { SessionInfo } from "../../../domain/Session.js"
import { totalTokens } from "../../../domain/SessionMetrics.js"
import { estimateTokens } from "../../../services/internal/calls/contextWindow.js"
import { type MiddlewareContext, MiddlewareRefusal } from "../../../services/Middleware.js"
import type { SessionStore } from "../../../services/SessionStore.js"
import { type CountedBy, describeOwner } from "./rateLimiter.js"

/**
 * What provider calls use, or may.
 */
export interface Amount {
  /** Input and output together. */
  readonly tokens: number
  /** In billionths of a US dollar. */
  readonly nanoUsd: number
}

export const nothing: Amount = { tokens: 0, nanoUsd: 0 }

export const plus = (one: Amount, other: Amount): Amount => ({
  tokens: one.tokens + other.tokens,
  nanoUsd: one.nanoUsd + other.nanoUsd
})

export const minus = (one: Amount, other: Amount): Amount => ({
  tokens: one.tokens - other.tokens,
  nanoUsd: one.nanoUsd - other.nanoUsd
})

/**
 * A moment by the calendar, for days, and in milliseconds of a clock that only ever goes forward, for how long ago
 * something was.
 */
export interface Moment {
  readonly now: DateTime.Utc
  readonly millis: number
}

export const moment: Effect.Effect<Moment> = Effect.map(
  Effect.zip(DateTime.now, Clock.currentTimeNanos),
  ([now, nanos]) => ({ now, millis: Number(nanos) / 1e6 })
)

const looksAt = 8

/**
 * About what one provider call of a turn will take: the history as the provider counted it last, the settings of the session
 * where it never did, the prompt, and the longest reply that the session allows, or else `expectedOutput`.
 */
export const estimateTurn = (
  store: SessionStore["Type"],
  session: SessionInfo,
  prompt: ReadonlyArray<Part>,
  expectedOutput: number
) =>
  Effect.map(store.messages(session.id, { order: "newest", limit: looksAt }), ({ items }): TokenUsage => {
    const { historyTokens = Number.MAX_SAFE_INTEGER, providerConfig = {} } = session.config
    const { maxTokens } = providerConfig
    return {
      inputTokens: Math.min(historyTokens, historyOf(items, session)) + estimateTokens(prompt),
      outputTokens: typeof maxTokens === "number" ? maxTokens : expectedOutput
    }
  })

const historyOf = (newest: ReadonlyArray<Message>, { config, messageCount }: SessionInfo): number => {
  let tokens = 0
  for (const { parts, usage } of newest) {
    if (usage) return tokens + usage.inputTokens + usage.outputTokens
    tokens += estimateTokens(parts)
  }
  const shown = Math.min(messageCount, config.historyMessages ?? messageCount)
  const settings = Math.ceil(JSON.stringify(config.providerConfig ?? {}).length / 4)
  return settings + (newest.length === 0 ? 0 : Math.ceil((tokens / newest.length) * shown))
}

interface Account {
  reservations: number
  reserved: Amount
  /** How many are reading at this moment what the store has. */
  readers: number
  /** What was settled since the first of them began: they may have missed it in the store. */
  settled: Amount
  /** What the store does not tell, by the slice of time it was used in. */
  readonly counted: Map<number, Amount>
}

/**
 * What is spoken for of one budget, beside what the store says is used: by key, for as many as have something open or
 * counted. What was counted `slices` slices ago does not count any more. Of more than `maxKeys` those that have nothing
 * reserved are forgotten, the oldest first.
 */
export const makeAccounts = (slices: number, maxKeys: number) => {
  const accounts = new Map<string, Account>()

  const at = (key: string): Account => {
    const known = accounts.get(key)
    if (known) return known
    const account = { reservations: 0, reserved: nothing, readers: 0, settled: nothing, counted: new Map() }
    accounts.set(key, account)
    return account
  }

  const prune = ({ counted }: Account, slice: number): void => {
    for (const old of counted.keys()) if (old <= slice - slices) counted.delete(old)
  }

  const isOpen = ({ readers, reservations }: Account) => readers > 0 || reservations > 0

  /** Looks at the two that were looked at longest ago, so that all are in time, and no call takes long. */
  const tidy = (slice: number): void => {
    for (const [key, account] of Array.from(Iterable.take(accounts, 2))) {
      accounts.delete(key)
      prune(account, slice)
      if (isOpen(account) || (account.counted.size > 0 && accounts.size < maxKeys)) accounts.set(key, account)
    }
  }

  return {
    /** To be told before the store is read, and `leave` after that. */
    enter: (key: string): void => void at(key).readers++,
    leave: (key: string): void => {
      const account = at(key)
      account.readers--
      if (account.readers === 0) account.settled = nothing
      if (!isOpen(account) && account.counted.size === 0) accounts.delete(key)
    },

    /** All that is to be added to what the store said. */
    spokenFor: (key: string, slice: number): Amount => {
      const account = at(key)
      prune(account, slice)
      return [...account.counted.values()].reduce(plus, plus(account.reserved, account.settled))
    },

    reserve: (key: string, amount: Amount): void => {
      const account = at(key)
      account.reservations++
      account.reserved = plus(account.reserved, amount)
    },

    release: (key: string, amount: Amount): void => {
      const account = at(key)
      account.reservations--
      account.reserved = minus(account.reserved, amount)
    },

    /** `stored` is what whoever reads the store from now on finds there; `counted` what nobody does. */
    settle: (key: string, slice: number, stored: Amount, counted: Amount): void => {
      const account = at(key)
      if (account.readers > 0) account.settled = plus(account.settled, stored)
      if (counted.tokens > 0 || counted.nanoUsd > 0) {
        account.counted.set(slice, plus(account.counted.get(slice) ?? nothing, counted))
      }
      tidy(slice)
    },

    size: (): number => accounts.size
  }
}

/**
 * What may be used in a period. What a user has used on a day or ever, and a session ever, is read from the store, and so
 * survives a restart and holds for all processes together. All else is counted in memory, from the start of the process on.
 */
export interface TokenBudget {
  /** Input and output together. */
  readonly tokens?: number
  /** In billionths of a US dollar. */
  readonly nanoUsd?: number
  /** Whose turns share it. `user` unless told. */
  readonly by?: CountedBy
  /** `day`: a UTC day. `lifetime`: it never renews. A duration: what was used so long ago, to a 24th of it, does not count any more. */
  readonly per: "day" | "lifetime" | Duration.DurationInput
}

/** A rolling period is counted in so many slices. */
const slicesOfPeriod = 24

/**
 * One budget, and what is spoken for of it.
 */
export const makeBudget = (budget: TokenBudget, store: SessionStore["Type"], maxKeys: number) => {
  const { by = "user", nanoUsd, per, tokens } = budget
  const slice = per === "day" || per === "lifetime" ? undefined : Duration.toMillis(per) / slicesOfPeriod
  // Of the slice that is going on only a part is over.
  const accounts = makeAccounts(slice === undefined ? 1 : slicesOfPeriod + 1, maxKeys)
  const isStored = (by === "user" && slice === undefined) || (by === "session" && per === "lifetime")

  const sliceAt = ({ millis, now }: Moment): number =>
    slice === undefined ? (per === "day" ? dayOf(now) : 0) : Math.floor(millis / slice)

  const used = (
    { session }: MiddlewareContext
  ): Effect.Effect<Amount, InvalidRequest | SessionNotFound | StoreError> => {
    if (!isStored) return Effect.succeed(nothing)
    if (by === "session") {
      return Effect.map(store.metrics(session.id), (metrics) => ({
        tokens: totalTokens(metrics),
        nanoUsd: metrics.costNanoUsd
      }))
    }
    return Effect.flatMap(DateTime.now, (now) =>
      Effect.map(
        store.analytics({ userId: session.userId, since: per === "day" ? now : DateTime.unsafeMake(0) }),
        ({ total }) => ({ tokens: total.inputTokens + total.outputTokens, nanoUsd: total.costNanoUsd })
      ))
  }

  const period = per === "day" ? "a day" : per === "lifetime" ? "all time" : Duration.format(per)

  const renewalOf = ({ millis, now }: Moment): number | undefined => {
    if (per === "lifetime") return undefined
    if (slice !== undefined) return (Math.floor(millis / slice) + 1) * slice - millis
    return DateTime.distance(now, DateTime.add(DateTime.startOf(now, "day"), { days: 1 }))
  }

  const refuse = (unit: string, limit: number, taken: number, wanted: number, moment: Moment) => {
    const left = Math.max(0, limit - taken)
    const wait = renewalOf(moment)
    const retryAfterMs = wait === undefined ? undefined : Math.ceil(wait)
    const renews = retryAfterMs === undefined
      ? "it does not renew"
      : `${slice === undefined ? "it renews" : "there may be more"} in ${
        Duration.format(Duration.seconds(Math.ceil(retryAfterMs / 1000)))
      }`
    return new MiddlewareRefusal({
      reason: `of ${limit} ${unit} in ${period} for ${
        describeOwner(by)
      } ${left} are left, and this turn may take ${wanted}; ${renews}`,
      ...(retryAfterMs !== undefined && { retryAfterMs })
    })
  }

  return {
    accounts,
    sliceAt,

    /** What the store says. */
    used,

    /** A refusal, unless there is room for `wanted` beside what is `taken`. */
    refusalOf: (taken: Amount, wanted: Amount, moment: Moment): MiddlewareRefusal | undefined => {
      if (tokens !== undefined && taken.tokens + wanted.tokens > tokens) {
        return refuse("tokens", tokens, taken.tokens, wanted.tokens, moment)
      }
      return nanoUsd !== undefined && taken.nanoUsd + wanted.nanoUsd > nanoUsd
        ? refuse("nano-dollars", nanoUsd, taken.nanoUsd, wanted.nanoUsd, moment)
        : undefined
    },

    /** `counted` is what providers said, `guessed` stands for what they did not. */
    settle: (key: string, moment: Moment, counted: Amount, guessed: Amount): void =>
      isStored
        ? accounts.settle(key, sliceAt(moment), counted, guessed)
        : accounts.settle(key, sliceAt(moment), nothing, plus(counted, guessed))
  }
}
