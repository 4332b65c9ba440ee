import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import { ShuttingDown } from "../../../domain/error/RequestError.js"
import { type ChangeError, SessionUnavailable } from "../../../domain/error/SessionError.js"
import type { SessionId } from "../../../domain/Ids.js"
import type { HookBus } from "../../../services/HookBus.js"
import { jittered } from "../../../services/internal/jittered.js"
import type { SessionStore } from "../../../services/SessionStore.js"
import type { ActorServices } from "../actor/ActorServices.js"
import { failedTooOften } from "../actor/sendCommands.js"
import { type ActorEnd, makeSessionActor, type SessionActor } from "../actor/SessionActor.js"

/**
 * The actors of a host: created on first use, restarted when they fail, passivated when they are idle.
 */
export interface ActorRegistry {
  /**
   * Runs `f` with a session's actor, which is not passivated meanwhile. Fails with `SessionUnavailable` when the
   * session failed too often.
   */
  readonly use: <A, E>(
    id: SessionId,
    f: (actor: SessionActor) => Effect.Effect<A, E>
  ) => Effect.Effect<A, E | SessionUnavailable | ShuttingDown>
  /** Makes a session that failed too often usable again. */
  readonly clearFailures: (id: SessionId) => void
  /** Ends turns that exceed the maximum duration, and passivates actors that have been idle for `idleAfter`. */
  readonly passivateIdle: (idleAfter: Duration.DurationInput) => Effect.Effect<void>
  /** Stops all actors. To be run when the host is closing. */
  readonly stopAll: Effect.Effect<void>
  readonly size: () => number
  /** Commands in the queues of all actors. */
  readonly backlog: () => number
}

export const makeActorRegistry = (services: ActorServices): ActorRegistry => {
  const { feed, forkTimer, hooks, host, limits, store } = services
  const actors = new Map<SessionId, RegisteredActor>()
  const failedSessions = new Set<SessionId>()
  const failures = makeFailureCounter()

  const enter = (id: SessionId) =>
    Effect.map(Clock.currentTimeNanos, (now) => {
      const entry = actors.get(id) ?? { actor: makeActor(id), users: 0, lastUsedAt: now }
      actors.set(id, entry)
      entry.users++
      return entry
    })

  const leave = (entry: RegisteredActor) =>
    Effect.map(Clock.currentTimeNanos, (now) => {
      entry.users--
      entry.lastUsedAt = now
    })

  const makeActor = (id: SessionId): SessionActor => {
    const actor = makeSessionActor(id, services, (end) => {
      if (actors.get(id)?.actor === actor) actors.delete(id)
      if (!host.isClosing && (end.failed || end.owesTurns)) forkTimer(supervise(id, end))
    })
    return actor
  }

  const use = <A, E>(
    id: SessionId,
    f: (actor: SessionActor) => Effect.Effect<A, E>
  ): Effect.Effect<A, E | SessionUnavailable | ShuttingDown> =>
    Effect.suspend((): Effect.Effect<A, E | SessionUnavailable | ShuttingDown> => {
      if (host.isClosing) return new ShuttingDown({ sessionId: id })
      if (failedSessions.has(id)) return new SessionUnavailable({ sessionId: id, reason: failedTooOften })
      return Effect.acquireUseRelease(enter(id), ({ actor }) => f(actor), leave)
    })

  const supervise = Effect.fnUntraced(function*(id: SessionId, { failed, owesTurns, reason }: ActorEnd) {
    const isOwnFailure = failed && (reason._tag !== "StoreError" || reason.reason === "Corrupt")
    if (isOwnFailure && !(yield* failures.mayRestart(id))) {
      failedSessions.add(id)
      yield* Effect.annotateLogs(
        Effect.logError("A session failed too often, and is stopped until it is reactivated"),
        { sessionId: id, reason: reason._tag }
      )
      return feed.catchUp(id, yield* markError(id, reason, store, hooks))
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
      const all = [...actors.values()]
      const startedBefore = now - toNanos(limits.maxTurnTime)
      yield* Effect.forEach(all, ({ actor }) => actor.endOverdueTurn(startedBefore), { discard: true })
      const idleSince = now - toNanos(idleAfter)
      const idle = all.filter(({ lastUsedAt, users }) => users === 0 && lastUsedAt <= idleSince)
      yield* Effect.forEach(
        idle,
        (entry) => Effect.ignoreLogged(entry.actor.passivate(() => entry.users > 0)),
        { concurrency: "unbounded", discard: true }
      )
    }),
    stopAll: Effect.suspend(() =>
      Effect.forEach(
        actors,
        ([id, { actor }]) =>
          Effect.zipRight(
            Effect.ignoreLogged(actor.saveDelivery),
            actor.stop(new SessionUnavailable({ sessionId: id, reason: "the runtime is shutting down" }))
          ),
        { concurrency: "unbounded", discard: true }
      )
    ),
    size: () => actors.size,
    backlog: () => {
      let waiting = 0
      for (const { actor } of actors.values()) waiting += actor.backlog()
      return waiting
    }
  }
}

/**
 * An actor, and how many callers are using it.
 */
interface RegisteredActor {
  readonly actor: SessionActor
  users: number
  lastUsedAt: bigint
}

const firstRestartDelay = "1 second"
const restartDelays = jittered(Schedule.union(Schedule.exponential("1 second"), Schedule.spaced("30 seconds")))

/**
 * Puts a session in status `error`, without its actor, which is what fails. Its open turns stay as they are and are
 * recovered when it is reactivated.
 */
const markError = Effect.fnUntraced(function*(
  id: SessionId,
  cause: ChangeError,
  store: SessionStore["Type"],
  hooks: HookBus["Type"]
) {
  const { epoch, lastEvent } = yield* store.open(id, 0)
  const at = yield* DateTime.now
  const reason = cause._tag === "SessionUnavailable" ? cause.reason : cause.message
  const event = { _tag: "SessionErrored" as const, sessionId: id, number: lastEvent + 1, at, reason }
  yield* store.commit(id, epoch, { status: "error", events: [event] })
  yield* hooks.publish(event)
  return event.number
})

/**
 * Counts the failures of each session's actor.
 */
const makeFailureCounter = () => {
  const failures = new Map<SessionId, ReadonlyArray<bigint>>()
  return {
    /** Records a failure. Returns whether the actor may restart: at most 3 times in 60 seconds. */
    mayRestart: (id: SessionId): Effect.Effect<boolean> =>
      Effect.map(Clock.currentTimeNanos, (now) => {
        for (const [other, times] of failures) {
          if ((times.at(-1) ?? 0n) + failureWindowNanos <= now) failures.delete(other)
        }
        const recent = (failures.get(id) ?? []).filter((time) => time + failureWindowNanos > now)
        failures.set(id, [...recent, now])
        return recent.length < maxRestarts
      }),
    forget: (id: SessionId): void => void failures.delete(id)
  }
}

const maxRestarts = 3
const failureWindowNanos = 60_000_000_000n

const forever = 1n << 62n
const toNanos = (duration: Duration.DurationInput): bigint =>
  Option.getOrElse(Duration.toNanos(duration), () => forever)
