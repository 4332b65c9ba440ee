import * as Chunk from "effect/Chunk"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { ConfigurationError } from "../../domain/error/RequestError.js"
import type { SessionEvent } from "../../domain/Events.js"
import type { SessionId, UserId } from "../../domain/Ids.js"
import type { Cursor } from "../../domain/Page.js"
import type { Hook } from "../../services/Hook.js"
import { HookBus } from "../../services/HookBus.js"
import { layerFromConfig } from "../../services/internal/config.js"
import { SessionStore } from "../../services/SessionStore.js"
import { makeBoundedMap, makeUserLookup } from "./internal/users.js"

export interface UserBehaviorHookOptions {
  /** Active sessions of one user that are flagged when exceeded. Maximum: 499. Default: 5. */
  readonly maxConcurrentSessions?: number
  /** Messages of one user within a minute, over all sessions, that are flagged when exceeded. Default: 30. */
  readonly maxMessagesPerMinute?: number
  /**
   * Standard deviations above the user's mean length at which a message is flagged. Only messages longer than 1,000 characters
   * are, and only after 20 messages. Default: 4.
   */
  readonly lengthDeviations?: number
  /** Called with each observation. Default: does nothing. */
  readonly onObservation?: (observation: UserObservation) => Effect.Effect<void>
  /** Called with each unusual observation. Default: logs at level `Warning`. */
  readonly onFlag?: (flag: BehaviorFlag) => Effect.Effect<void>
}

/**
 * Something a user did, without the text of messages.
 */
export type UserObservation =
  | {
    readonly kind: "sessionStarted"
    readonly userId: UserId
    readonly sessionId: SessionId
    readonly at: DateTime.Utc
    readonly provider: string
    readonly model: string
    /** Active sessions of this user, this one included. Counted up to `maxConcurrentSessions + 1`. */
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
 * Unusual behavior: `value` was observed and exceeds `limit`.
 */
export interface BehaviorFlag {
  readonly kind: "concurrentSessions" | "messageLength" | "messageRate"
  readonly userId: UserId
  readonly sessionId: SessionId
  readonly at: DateTime.Utc
  readonly value: number
  readonly limit: number
}

/** Users whose rates and lengths are kept, the most recent ones. */
const maxUsers = 10_000
const minute = Duration.minutes(1)

/**
 * A hook named `behavior` that observes how users use their sessions. Active sessions are counted in the store. Message rates and
 * lengths are kept in memory for the 10,000 most recent users, and start anew with each process. A user above the rate is flagged
 * once, until the rate is back within the limit.
 */
export const make = (
  {
    lengthDeviations = 4,
    maxConcurrentSessions = 5,
    maxMessagesPerMinute = 30,
    onFlag = logFlag,
    onObservation = () => Effect.void
  }: UserBehaviorHookOptions = {}
): Effect.Effect<Hook, never, SessionStore> =>
  Effect.map(SessionStore, (store) => {
    const findUser = makeUserLookup(store)
    const users = makeBoundedMap<
      UserId,
      { lengths: Lengths; readonly addToRate: (at: DateTime.Utc) => number | undefined }
    >(
      maxUsers
    )

    const findOrAdd = (userId: UserId) => {
      const user = users.get(userId) ?? { lengths: noLengths, addToRate: makeRate(maxMessagesPerMinute, minute) }
      users.set(userId, user)
      return user
    }

    const observeSession = Effect.fnUntraced(function*({ at, session, sessionId }: EventOf<"SessionCreated">) {
      const { model, provider, userId } = session
      // A page may end before its limit.
      const active = Stream.paginateChunkEffect(Option.none<Cursor>(), (cursor) =>
        Effect.map(
          store.list({ userId, status: "active", limit: 500, ...(Option.isSome(cursor) && { cursor: cursor.value }) }),
          ({ items, next }) => [Chunk.unsafeFromArray(items), Option.map(Option.fromNullable(next), Option.some)]
        ))
      const value = yield* Stream.runCount(Stream.take(active, Math.min(maxConcurrentSessions + 1, 500))).pipe(
        Effect.catchTag("InvalidRequest", Effect.die)
      )
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

    const observeMessage = Effect.fnUntraced(
      function*({ at, message: { text }, sessionId }: EventOf<"MessageSent">, userId: UserId) {
        const { length } = text
        const user = findOrAdd(userId)
        const exceeded = exceededLimit(user.lengths, length, lengthDeviations)
        user.lengths = addLength(user.lengths, length)
        const rate = user.addToRate(at)
        const about = { userId, sessionId, at }
        yield* onObservation({
          kind: "messageSent",
          ...about,
          length,
          containsCode: text.includes("```"),
          containsUrl: text.includes("http://") || text.includes("https://")
        })
        if (exceeded !== undefined) yield* onFlag({ kind: "messageLength", ...about, value: length, limit: exceeded })
        if (rate !== undefined) {
          yield* onFlag({ kind: "messageRate", ...about, value: rate, limit: maxMessagesPerMinute })
        }
      }
    )

    return {
      name: "behavior",
      filter: ({ _tag }) => _tag === "SessionCreated" || _tag === "SessionDeleted" || _tag === "MessageSent",
      on: Effect.fnUntraced(function*(event) {
        const userId = yield* findUser(event)
        if (event._tag === "SessionCreated") yield* observeSession(event)
        if (event._tag === "MessageSent" && event.message.role === "user" && userId !== null) {
          yield* observeMessage(event, userId)
        }
      })
    }
  })

/**
 * Adds the hook to the bus. Fails with `ConfigurationError` when there is already a hook named `behavior`.
 */
export const layer = (
  options?: UserBehaviorHookOptions
): Layer.Layer<never, ConfigurationError, HookBus | SessionStore> =>
  Layer.scopedDiscard(
    Effect.flatMap(Effect.all([HookBus, make(options)]), ([bus, hook]) => bus.add(hook))
  )

/**
 * `layer` with options read from `Config`.
 */
export const layerConfig = layerFromConfig(layer)

type EventOf<Tag extends SessionEvent["_tag"]> = Extract<SessionEvent, { readonly _tag: Tag }>

const logFlag = ({ kind, limit, sessionId, userId, value }: BehaviorFlag) =>
  Effect.annotateLogs(Effect.logWarning(`Unusual behavior: ${kind}`), { userId, sessionId, value, limit })

/**
 * Statistics of a user's message lengths. `squares` is the sum of squared differences from the mean.
 */
interface Lengths {
  readonly count: number
  readonly mean: number
  readonly squares: number
}

const noLengths: Lengths = { count: 0, mean: 0, squares: 0 }

/** Messages before lengths are flagged. */
const minCount = 20
/** Shorter messages are never flagged. */
const minLength = 1000

/**
 * Welford's online algorithm.
 */
const addLength = ({ count, mean, squares }: Lengths, length: number): Lengths => {
  const difference = length - mean
  const next = mean + difference / (count + 1)
  return { count: count + 1, mean: next, squares: squares + difference * (length - next) }
}

/**
 * The limit that this length exceeds, if it does.
 */
const exceededLimit = (
  { count, mean, squares }: Lengths,
  length: number,
  deviations: number
): number | undefined => {
  if (count < minCount) return undefined
  const limit = Math.max(minLength, Math.round(mean + deviations * Math.sqrt(squares / count)))
  return length > limit ? limit : undefined
}

/**
 * Counts occurrences within a sliding window. The function returns their number when one is the first above `max`. It uses the
 * times of the events, so that events delivered late in a batch do not count as a burst.
 */
const makeRate = (max: number, within: Duration.Duration) => {
  const span = Duration.toMillis(within)
  let latest: Array<number> = []
  let isAbove = false

  return (at: DateTime.Utc): number | undefined => {
    const now = DateTime.toEpochMillis(at)
    latest = [...latest.filter((then) => then > now - span), now].slice(-(max + 1))
    const wasAbove = isAbove
    isAbove = latest.length > max
    return isAbove && !wasAbove ? latest.length : undefined
  }
}
