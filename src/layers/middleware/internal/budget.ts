import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Iterable from "effect/Iterable"
import type { InvalidRequest } from "../../../domain/error/RequestError.js"
import type { SessionNotFound } from "../../../domain/error/SessionError.js"
import type { StoreError } from "../../../domain/error/StoreError.js"
import type { Message, Part, TokenUsage } from "../../../domain/Message.js"
import { toUtcDay } from "../../../domain/Rollup.js"
import type { SessionInfo } from "../../../domain/Session.js"
import { totalTokens } from "../../../domain/SessionMetrics.js"
import { estimateTokens } from "../../../services/internal/calls/contextWindow.js"
import { type MiddlewareContext, MiddlewareRefusal } from "../../../services/Middleware.js"
import type { SessionStore } from "../../../services/SessionStore.js"
import { type CountedBy, describeOwner } from "./rateLimiter.js"

/**
 * What provider calls may use in a period. Usage of a user per day or lifetime, and of a session per lifetime, is read from the
 * store, so it survives a restart and covers all processes. Other usage is counted in memory, since the process started.
 */
export interface TokenBudget {
  /** Input and output tokens. */
  readonly tokens?: number
  /** Cost in billionths of a US dollar. */
  readonly nanoUsd?: number
  /** The turns that share the budget. Default: `user`. */
  readonly by?: CountedBy
  /** `day` is a UTC day. `lifetime` never renews. A duration is a rolling period, in steps of a 24th. */
  readonly per: "day" | "lifetime" | Duration.DurationInput
}

/** Slices of a rolling period. */
const slicesOfPeriod = 24

/**
 * One budget with the accounts of its users, sessions or groups.
 */
export const makeBudget = (budget: TokenBudget, store: SessionStore["Type"], maxKeys: number) => {
  const { by = "user", nanoUsd, per, tokens } = budget
  const slice = per === "day" || per === "lifetime" ? undefined : Duration.toMillis(per) / slicesOfPeriod
  // One more, because the current slice is only partly over.
  const accounts = makeAccounts(slice === undefined ? 1 : slicesOfPeriod + 1, maxKeys)
  const isStored = (by === "user" && slice === undefined) || (by === "session" && per === "lifetime")

  const sliceAt = ({ millis, now }: Moment): number =>
    slice === undefined ? (per === "day" ? toUtcDay(now) : 0) : Math.floor(millis / slice)

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

  const millisToRenewal = ({ millis, now }: Moment): number | undefined => {
    if (per === "lifetime") return undefined
    if (slice !== undefined) return (Math.floor(millis / slice) + 1) * slice - millis
    return DateTime.distance(now, DateTime.add(DateTime.startOf(now, "day"), { days: 1 }))
  }

  const makeRefusal = (unit: string, limit: number, taken: number, wanted: number, moment: Moment) => {
    const left = Math.max(0, limit - taken)
    const wait = millisToRenewal(moment)
    const retryAfterMs = wait === undefined ? undefined : Math.ceil(wait)
    const renews = retryAfterMs === undefined
      ? "it does not renew"
      : `${slice === undefined ? "it renews" : "more may be available"} in ${
        Duration.format(Duration.seconds(Math.ceil(retryAfterMs / 1000)))
      }`
    return new MiddlewareRefusal({
      reason: `the budget of ${limit} ${unit} in ${period} for ${
        describeOwner(by)
      } has ${left} left, and this turn may use ${wanted}; ${renews}`,
      ...(retryAfterMs !== undefined && { retryAfterMs })
    })
  }

  return {
    accounts,
    sliceAt,

    /** The usage in the store. */
    used,

    /** Refuses `wanted` if it exceeds the budget on top of `taken`. */
    check: (taken: Amount, wanted: Amount, moment: Moment): MiddlewareRefusal | undefined => {
      if (tokens !== undefined && taken.tokens + wanted.tokens > tokens) {
        return makeRefusal("tokens", tokens, taken.tokens, wanted.tokens, moment)
      }
      return nanoUsd !== undefined && taken.nanoUsd + wanted.nanoUsd > nanoUsd
        ? makeRefusal("nano-dollars", nanoUsd, taken.nanoUsd, wanted.nanoUsd, moment)
        : undefined
    },

    /** `counted` is the usage that providers reported; `estimated` covers calls without a report. */
    settle: (key: string, moment: Moment, counted: Amount, estimated: Amount): void =>
      isStored
        ? accounts.settle(key, sliceAt(moment), counted, estimated)
        : accounts.settle(key, sliceAt(moment), nothing, plus(counted, estimated))
  }
}

interface Account {
  reservations: number
  reserved: Amount
  /** Admissions that are reading the usage in the store now. */
  readers: number
  /** Settled since the first of them started reading; their result may lack it. */
  settled: Amount
  /** Usage that is not in the store, by slice. */
  readonly counted: Map<number, Amount>
}

/**
 * The part of a budget that is reserved or used but not in the store, by key. Usage expires after `slices` slices. Beyond `maxKeys`,
 * keys without reservations are forgotten, the oldest first.
 */
const makeAccounts = (slices: number, maxKeys: number) => {
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

  /** Checks the two least recently checked accounts, so that every account is checked in time and no call takes long. */
  const evict = (slice: number): void => {
    for (const [key, account] of Array.from(Iterable.take(accounts, 2))) {
      accounts.delete(key)
      prune(account, slice)
      if (isOpen(account) || (account.counted.size > 0 && accounts.size < maxKeys)) accounts.set(key, account)
    }
  }

  return {
    /** Call before the store is read, and `endRead` after. */
    beginRead: (key: string): void => void at(key).readers++,
    endRead: (key: string): void => {
      const account = at(key)
      account.readers--
      if (account.readers === 0) account.settled = nothing
      if (!isOpen(account) && account.counted.size === 0) accounts.delete(key)
    },

    /** Amounts to add to the usage in the store. */
    pending: (key: string, slice: number): Amount => {
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

    /** `stored` is usage that later reads of the store include; `counted` is usage that the store never has. */
    settle: (key: string, slice: number, stored: Amount, counted: Amount): void => {
      const account = at(key)
      if (account.readers > 0) account.settled = plus(account.settled, stored)
      if (counted.tokens > 0 || counted.nanoUsd > 0) {
        account.counted.set(slice, plus(account.counted.get(slice) ?? nothing, counted))
      }
      evict(slice)
    }
  }
}

/** Recent messages searched for a token count. */
const searched = 8

/**
 * Estimates the tokens of one provider call of a turn. Input is the prompt and the history, as last counted by the provider, or
 * estimated if it never was. Output is the session's `maxTokens`, or else `expectedOutput`.
 */
export const estimateTurn = (
  store: SessionStore["Type"],
  session: SessionInfo,
  prompt: ReadonlyArray<Part>,
  expectedOutput: number
) =>
  Effect.map(store.messages(session.id, { order: "newest", limit: searched }), ({ items }): TokenUsage => {
    const { historyTokens = Number.MAX_SAFE_INTEGER, providerConfig = {} } = session.config
    const { maxTokens } = providerConfig
    return {
      inputTokens: Math.min(historyTokens, estimateHistory(items, session)) + estimateTokens(prompt),
      outputTokens: typeof maxTokens === "number" ? maxTokens : expectedOutput
    }
  })

const estimateHistory = (newest: ReadonlyArray<Message>, { config, messageCount }: SessionInfo): number => {
  let tokens = 0
  for (const { parts, usage } of newest) {
    if (usage) return tokens + usage.inputTokens + usage.outputTokens
    tokens += estimateTokens(parts)
  }
  const shown = Math.min(messageCount, config.historyMessages ?? messageCount)
  const settings = Math.ceil(JSON.stringify(config.providerConfig ?? {}).length / 4)
  return settings + (newest.length === 0 ? 0 : Math.ceil((tokens / newest.length) * shown))
}

/**
 * An amount of tokens and their cost.
 */
export interface Amount {
  /** Input and output tokens. */
  readonly tokens: number
  /** Cost in billionths of a US dollar. */
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
 * A time by the calendar, for days, and by the monotonic clock, for rolling periods.
 */
export interface Moment {
  readonly now: DateTime.Utc
  readonly millis: number
}

export const moment: Effect.Effect<Moment> = Effect.map(
  Effect.zip(DateTime.now, Clock.currentTimeNanos),
  ([now, nanos]) => ({ now, millis: Number(nanos) / 1e6 })
)
