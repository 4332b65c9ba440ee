import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { ConfigurationError } from "../../domain/error/RequestError.js"
import type { SessionEvent } from "../../domain/Events.js"
import type { SessionId, UserId } from "../../domain/Ids.js"
import type { Hook } from "../../services/Hook.js"
import { HookBus } from "../../services/HookBus.js"
import { SessionStore } from "../../services/SessionStore.js"
import { makeBoundedMap, makeUserLookup } from "./internal/users.js"

/**
 * How long a user's messages are: their number, their mean, and the sum of the squares of what they differ from it by.
 */
export interface Habits {
  readonly count: number
  readonly mean: number
  readonly squares: number
}

export const noHabits: Habits = { count: 0, mean: 0, squares: 0 }

const seenEnough = 20
const neverUnusual = 1000

/**
 * Welford's method: one message at a time, without the ones before.
 */
export const withLength = ({ count, mean, squares }: Habits, length: number): Habits => {
  const difference = length - mean
  const next = mean + difference / (count + 1)
  return { count: count + 1, mean: next, squares: squares + difference * (length - next) }
}

/**
 * Answers the limit that a message of this length goes beyond, if it does.
 */
export const exceeds = (
  { count, mean, squares }: Habits,
  length: number,
  deviations: number
): number | undefined => {
  if (count < seenEnough) return undefined
  const limit = Math.max(neverUnusual, Math.round(mean + deviations * Math.sqrt(squares / count)))
  return length > limit ? limit : undefined
}

/**
 * Watches how often something happens. It takes the moments of the events themselves, so that events which hooks are told of
 * late, and all at once, are no rush.
 */
export const makeRate = (max: number, within: Duration.Duration) => {
  const span = Duration.toMillis(within)
  let latest: Array<number> = []
  let isAbove = false

  /** Answers how many there were when this one is the first too many. */
  return (at: DateTime.Utc): number | undefined => {
    const now = DateTime.toEpochMillis(at)
    latest = [...latest.filter((then) => then > now - span), now].slice(-(max + 1))
    const wasAbove = isAbove
    isAbove = latest.length > max
    return isAbove && !wasAbove ? latest.length : undefined
  }
}

/**
 * What a user did, without what was said.
 */
export type UserObservation =
  | {
    readonly kind: "sessionStarted"
    readonly userId: UserId
    readonly sessionId: SessionId
    readonly at: DateTime.Utc
    readonly provider: string
    readonly model: string
    /** Active sessions of this user, this one included, as far as they were counted: up to one more than are usual. */
    readonly concurrentSessions: number
  }
  | {
    readonly kind: "messageSent"
    readonly userId: UserId
    readonly sessionId: SessionId
    readonly at: DateTime.Utc
    readonly length: number
    readonly containsCode: boolean
    readonly containsUrl: boolean
  }

/**
 * Something that a user does not usually do, or that nobody should. `value` is what was seen, `limit` what it went beyond.
 */
export interface BehaviorFlag {
  readonly kind: "concurrentSessions" | "messageLength" | "messageRate"
  readonly userId: UserId
  readonly sessionId: SessionId
  readonly at: DateTime.Utc
  readonly value: number
  readonly limit: number
}

export interface UserBehaviorHookOptions {
  /** Active sessions that a user may have at once. 5 unless told, 499 at most. */
  readonly maxConcurrentSessions?: number
  /** Messages that a user may send within a minute, in all sessions together. 30 unless told. */
  readonly maxMessagesPerMinute?: number
  /**
   * A message is an outlier when it is longer than this user's mean by so many standard deviations, once 20 have been seen, and
   * longer than 1,000 characters. 4 unless told.
   */
  readonly lengthDeviations?: number
  /** Told of whatever a user does; nobody is unless told. */
  readonly onObservation?: (observation: UserObservation) => Effect.Effect<void>
  /** Told of what is unusual. A line in the log at level `Warning` unless told. */
  readonly onFlag?: (flag: BehaviorFlag) => Effect.Effect<void>
}

/** Users whose habits are remembered: the latest ones. */
const maxUsers = 10_000
const minute = Duration.minutes(1)

const warn = ({ kind, limit, sessionId, userId, value }: BehaviorFlag) =>
  Effect.annotateLogs(Effect.logWarning(`Unusual behavior: ${kind}`), { userId, sessionId, value, limit })

/**
 * A hook named `behavior` that watches how users use their sessions. Who has which sessions is asked of the store; rates and
 * lengths are remembered in this process, of the 10,000 users that were seen last, and begin anew with each process. A user
 * who goes on beyond the rate is flagged once, until the rate has come down.
 */
export const make = (
  {
    lengthDeviations = 4,
    maxConcurrentSessions = 5,
    maxMessagesPerMinute = 30,
    onFlag = warn,
    onObservation = () => Effect.void
  }: UserBehaviorHookOptions = {}
): Effect.Effect<Hook, never, SessionStore> =>
  Effect.map(SessionStore, (store) => {
    const userOf = makeUserLookup(store)
    const users = makeBoundedMap<UserId, { habits: Habits; readonly rate: ReturnType<typeof makeRate> }>(maxUsers)

    const known = (userId: UserId) => {
      const user = users.get(userId) ?? { habits: noHabits, rate: makeRate(maxMessagesPerMinute, minute) }
      users.set(userId, user)
      return user
    }

    const started = Effect.fnUntraced(function*({ at, session, sessionId }: EventOf<"SessionCreated">) {
      const { model, provider, userId } = session
      const limit = Math.min(maxConcurrentSessions + 1, 500)
      const { items } = yield* Effect.catchTag(
        store.list({ userId, status: "active", limit }),
        "InvalidRequest",
        Effect.die
      )
      const value = items.length
      yield* onObservation({
        kind: "sessionStarted",
        userId,
        sessionId,
        at,
        provider,
        model,
        concurrentSessions: value
      })
      if (value > maxConcurrentSessions) {
        yield* onFlag({ kind: "concurrentSessions", userId, sessionId, at, value, limit: maxConcurrentSessions })
      }
    })

    const sent = Effect.fnUntraced(function*({ at, message, sessionId }: EventOf<"MessageSent">, userId: UserId) {
      const { text } = message
      const { length } = text
      const user = known(userId)
      const outlier = exceeds(user.habits, length, lengthDeviations)
      const flag = { userId, sessionId, at }
      user.habits = withLength(user.habits, length)
      const rate = user.rate(at)
      yield* onObservation({
        kind: "messageSent",
        ...flag,
        length,
        containsCode: text.includes("```"),
        containsUrl: text.includes("http://") || text.includes("https://")
      })
      if (outlier !== undefined) yield* onFlag({ kind: "messageLength", ...flag, value: length, limit: outlier })
      if (rate !== undefined) yield* onFlag({ kind: "messageRate", ...flag, value: rate, limit: maxMessagesPerMinute })
    })

    return {
      name: "behavior",
      filter: ({ _tag }) => _tag === "SessionCreated" || _tag === "SessionDeleted" || _tag === "MessageSent",
      on: Effect.fnUntraced(function*(event) {
        const userId = yield* userOf(event)
        if (event._tag === "SessionCreated") yield* started(event)
        if (event._tag === "MessageSent" && event.message.role === "user" && userId !== null) yield* sent(event, userId)
      })
    }
  })

/**
 * Adds it to the bus. Fails when a hook named `behavior` is there already.
 */
export const layer = (
  options?: UserBehaviorHookOptions
): Layer.Layer<never, ConfigurationError, HookBus | SessionStore> =>
  Layer.scopedDiscard(
    Effect.flatMap(Effect.all([HookBus, make(options)]), ([bus, hook]) => bus.add(hook))
  )

type EventOf<Tag extends SessionEvent["_tag"]> = Extract<SessionEvent, { readonly _tag: Tag }>
