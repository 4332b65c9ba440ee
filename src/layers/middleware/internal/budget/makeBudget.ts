import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { InvalidRequest } from "../../../../domain/error/InvalidRequest.js"
import type { SessionNotFound } from "../../../../domain/error/SessionNotFound.js"
import type { StoreError } from "../../../../domain/error/StoreError.js"
import { totalTokens } from "../../../../domain/SessionMetrics.js"
import { dayOf } from "../../../../domain/UsageEntry.js"
import type { MiddlewareContext } from "../../../../services/Middleware.js"
import { MiddlewareRefusal } from "../../../../services/MiddlewareRefusal.js"
import type { SessionStore } from "../../../../services/SessionStore.js"
import { type CountedBy, ownerOf } from "../CountedBy.js"
import { type Amount, nothing, plus } from "./Amount.js"
import { makeAccounts } from "./makeAccounts.js"
import type { Moment } from "./Moment.js"

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
        ownerOf(by)
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
