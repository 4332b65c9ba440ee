import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import { ShuttingDown } from "../../../domain/error/RequestError.js"
import { SessionUnavailable } from "../../../domain/error/SessionError.js"
import type { SessionId } from "../../../domain/Ids.js"
import type { HookBus } from "../../../services/HookBus.js"
import { jittered } from "../../../services/internal/jittered.js"
import type { SessionStore } from "../../../services/SessionStore.js"
import type { ActorServices } from "../actor/ActorServices.js"
import { failedTooOften } from "../actor/sends.js"
import { type ActorEnd, makeSessionActor, type SessionActor } from "../actor/SessionActor.js"

const maxRestarts = 3
const withinNanos = 60_000_000_000n

/**
 * Counts how often the actors of sessions fail, to tell one that had bad luck from one that cannot go on.
 */
export const makeFailureCounter = () => {
  const failures = new Map<SessionId, ReadonlyArray<bigint>>()
  return {
    /** Notes a failure. Answers whether the session may be started again: at most 3 times in 60 seconds. */
    mayRestart: (id: SessionId): Effect.Effect<boolean> =>
      Effect.map(Clock.currentTimeNanos, (now) => {
        for (const [other, times] of failures) {
          if ((times.at(-1) ?? 0n) + withinNanos <= now) failures.delete(other)
        }
        const recent = (failures.get(id) ?? []).filter((time) => time + withinNanos > now)
        failures.set(id, [...recent, now])
        return recent.length < maxRestarts
      }),
    forget: (id: SessionId): void => void failures.delete(id)
  }
}

/**
 * Writes down that a session cannot go on by itself, without its actor: that is what fails. Its open turns stay as they are,
 * to be taken up once somebody has reactivated it.
 */
export const markError = Effect.fnUntraced(function*(
  id: SessionId,
  reason: string,
  store: SessionStore["Type"],
  hooks: HookBus["Type"]
) {
  const { epoch, lastEvent } = yield* store.open(id, 0)
  const at = yield* DateTime.now
  const event = { _tag: "SessionErrored" as const, sessionId: id, number: lastEvent + 1, at, reason }
  yield* store.commit(id, epoch, { status: "error", events: [event] })
  yield* hooks.publish(event)
  return event.number
})

const firstRestartDelay = "1 second"
const restartDelays = jittered(Schedule.union(Schedule.exponential("1 second"), Schedule.spaced("30 seconds")))

/**
 * An actor that lives here, and how many callers hold it.
 */
interface RegisteredActor {
  readonly actor: SessionActor
  users: number
  lastUsedAt: bigint
}

/**
 * The actors of a host: each is made when it is first needed, started again when it fails, and let go when it rests.
 */
export interface ActorRegistry {
  /** Runs `f` on a session's actor, which stays for that long. Fails at once for a session that failed too often. */
  readonly use: <A, E>(
    id: SessionId,
    f: (actor: SessionActor) => Effect.Effect<A, E>
  ) => Effect.Effect<A, E | SessionUnavailable | ShuttingDown>
  /** Lets a session that failed too often be used again. */
  readonly clearFailures: (id: SessionId) => void
  /** Ends turns that run for longer than they may, and lets go of actors that have rested for so long. */
  readonly passivateIdle: (idleAfter: Duration.DurationInput) => Effect.Effect<void>
  /** Once nothing may begin any more. */
  readonly stopAll: Effect.Effect<void>
  readonly size: () => number
  /** Commands that wait in the mailboxes of all. */
  readonly backlog: () => number
}

export const makeActorRegistry = (services: ActorServices): ActorRegistry => {
  const { feed, forkTimer, hooks, isClosing, limits, store } = services
  const residents = new Map<SessionId, RegisteredActor>()
  const failedSessions = new Set<SessionId>()
  const failures = makeFailureCounter()

  const enter = (id: SessionId) =>
    Effect.map(Clock.currentTimeNanos, (now) => {
      const resident = residents.get(id) ?? { actor: makeActor(id), users: 0, lastUsedAt: now }
      residents.set(id, resident)
      resident.users++
      return resident
    })

  const leave = (resident: RegisteredActor) =>
    Effect.map(Clock.currentTimeNanos, (now) => {
      resident.users--
      resident.lastUsedAt = now
    })

  const makeActor = (id: SessionId): SessionActor => {
    const actor = makeSessionActor(id, services, (end) => {
      if (residents.get(id)?.actor === actor) residents.delete(id)
      if (!isClosing() && (end.failed || end.owesTurns)) forkTimer(supervise(id, end))
    })
    return actor
  }

  const use = <A, E>(
    id: SessionId,
    f: (actor: SessionActor) => Effect.Effect<A, E>
  ): Effect.Effect<A, E | SessionUnavailable | ShuttingDown> =>
    Effect.suspend((): Effect.Effect<A, E | SessionUnavailable | ShuttingDown> => {
      if (isClosing()) return new ShuttingDown({ sessionId: id })
      if (failedSessions.has(id)) return new SessionUnavailable({ sessionId: id, reason: failedTooOften })
      return Effect.acquireUseRelease(enter(id), ({ actor }) => f(actor), leave)
    })

  const supervise = Effect.fnUntraced(function*(id: SessionId, { failed, owesTurns, reason }: ActorEnd) {
    const isItsFault = failed && (reason._tag !== "StoreError" || reason.reason === "Corrupt")
    if (isItsFault && !(yield* failures.mayRestart(id))) {
      failedSessions.add(id)
      return feed.catchUp(id, yield* markError(id, reason.message, store, hooks))
    }
    if (owesTurns) yield* Effect.delay(restart(id), firstRestartDelay)
  }, Effect.ignoreLogged)

  const restart = (id: SessionId) =>
    use(id, (actor) => actor.start).pipe(
      Effect.retry({ schedule: restartDelays, while: ({ _tag }) => _tag === "StoreError" })
    )

  return {
    use,
    clearFailures: (id) => {
      failedSessions.delete(id)
      failures.forget(id)
    },
    passivateIdle: Effect.fnUntraced(function*(idleAfter) {
      const now = yield* Clock.currentTimeNanos
      const all = [...residents.values()]
      const overdue = now - toNanos(limits.maxTurnTime)
      yield* Effect.forEach(all, ({ actor }) => actor.expire(overdue), { discard: true })
      const restingSince = now - toNanos(idleAfter)
      const idle = all.filter(({ lastUsedAt, users }) => users === 0 && lastUsedAt <= restingSince)
      yield* Effect.forEach(
        idle,
        (resident) => Effect.ignoreLogged(resident.actor.passivate(() => resident.users > 0)),
        { concurrency: "unbounded", discard: true }
      )
    }),
    stopAll: Effect.suspend(() =>
      Effect.forEach(
        residents,
        ([id, { actor }]) =>
          Effect.zipRight(
            Effect.ignoreLogged(actor.saveDelivery),
            actor.stop(new SessionUnavailable({ sessionId: id, reason: "the runtime is shutting down" }))
          ),
        { concurrency: "unbounded", discard: true }
      )
    ),
    size: () => residents.size,
    backlog: () => {
      let waiting = 0
      for (const { actor } of residents.values()) waiting += actor.backlog()
      return waiting
    }
  }
}

const ages = 1n << 62n
const toNanos = (duration: Duration.DurationInput): bigint => Option.getOrElse(Duration.toNanos(duration), () => ages)
