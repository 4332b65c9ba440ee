import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import type { ChangeError } from "../../domain/error/ChangeError.js"
import { SessionUnavailable } from "../../domain/error/SessionUnavailable.js"
import { ShuttingDown } from "../../domain/error/ShuttingDown.js"
import type { StoreError } from "../../domain/error/StoreError.js"
import type { TurnError } from "../../domain/error/TurnError.js"
import type { Message } from "../../domain/Message.js"
import type { SessionId } from "../../domain/SessionId.js"
import { HookBus } from "../../services/HookBus.js"
import { IdGenerator } from "../../services/IdGenerator.js"
import { makeSessionActor, type SessionActor } from "../../services/internal/actor/SessionActor.js"
import { MiddlewarePipeline } from "../../services/MiddlewarePipeline.js"
import { ProviderRegistry } from "../../services/ProviderRegistry.js"
import { SessionHost } from "../../services/SessionHost.js"
import { SessionStore } from "../../services/SessionStore.js"
import { makeTurnStream } from "./internal/makeTurnStream.js"

/**
 * Bounds of a host. All have defaults.
 */
export interface LocalSessionHostOptions {
  /** Sends that may wait in one session, the running one included; one more answers `SessionBusy`. 64 unless told. */
  readonly mailboxCapacity?: number
  /** Latest messages of the history that a provider is shown. 100 unless told. */
  readonly historyWindow?: number
  /** Events that a stream holds for a slow reader before it is cut with `SlowConsumer`. 4,096 unless told. */
  readonly streamBuffer?: number
  /** How long a session rests before its actor is passivated and only the store remembers it. 30 seconds unless told. */
  readonly idleAfter?: Duration.DurationInput
  /** How long running turns may go on when the host stops; those left are stored as interrupted. 20 seconds unless told. */
  readonly drainTimeout?: Duration.DurationInput
}

const firstRestartDelay = "1 second"
const restartDelays = Schedule.exponential(firstRestartDelay).pipe(Schedule.union(Schedule.spaced("30 seconds")))

/**
 * An actor that lives here, and how many callers hold it.
 */
interface Resident {
  readonly actor: SessionActor
  users: number
  lastUsedAt: number
}

/**
 * Keeps the actors of all sessions in this process. One that fails while turns wait is started again, after a second and then
 * ever later; others are started again by the next call. When the host starts it takes up the turns that an earlier process left: those
 * it had accepted are answered, those whose provider call was under way end as interrupted.
 */
export const layer = (
  options: LocalSessionHostOptions = {}
): Layer.Layer<
  SessionHost,
  StoreError,
  HookBus | IdGenerator | MiddlewarePipeline | ProviderRegistry | SessionStore
> => Layer.scoped(SessionHost, make(options))

const make = Effect.fnUntraced(function*({
  drainTimeout = "20 seconds",
  historyWindow = 100,
  idleAfter = "30 seconds",
  mailboxCapacity = 64,
  streamBuffer = 4096
}: LocalSessionHostOptions) {
  const store = yield* SessionStore
  const drains = yield* FiberSet.make<void>()
  const turns = yield* FiberSet.make<void>()
  const runDrain = yield* FiberSet.runtime(drains)()
  const runTurn = yield* FiberSet.runtime(turns)()
  const runRestart = yield* FiberSet.makeRuntime<never>()
  const residents = new Map<SessionId, Resident>()
  let closing = false

  const services = {
    store,
    providers: yield* ProviderRegistry,
    pipeline: yield* MiddlewarePipeline,
    hooks: yield* HookBus,
    ids: yield* IdGenerator,
    mailboxCapacity,
    historyWindow,
    // A command that has begun is seen through: half of one is a state that nobody knows.
    forkDrain: (drain: Effect.Effect<void>) => runDrain(Effect.uninterruptible(drain)),
    forkTurn: runTurn,
    isClosing: () => closing
  }

  const enter = (id: SessionId) =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      const resident = residents.get(id) ?? { actor: makeActor(id), users: 0, lastUsedAt: now }
      residents.set(id, resident)
      resident.users++
      return resident
    })

  const leave = (resident: Resident) =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      resident.users--
      resident.lastUsedAt = now
    })

  const makeActor = (id: SessionId): SessionActor => {
    const actor = makeSessionActor(id, services, (owesTurns) => {
      if (residents.get(id)?.actor === actor) residents.delete(id)
      if (owesTurns && !closing) runRestart(restart(id))
    })
    return actor
  }

  const use = <A, E>(
    id: SessionId,
    f: (actor: SessionActor) => Effect.Effect<A, E>
  ): Effect.Effect<A, E | ShuttingDown> =>
    Effect.suspend((): Effect.Effect<A, E | ShuttingDown> =>
      closing
        ? new ShuttingDown({ sessionId: id })
        : Effect.acquireUseRelease(enter(id), ({ actor }) => f(actor), leave)
    )

  const restart = (id: SessionId) =>
    use(id, (actor) => actor.start).pipe(
      Effect.retry({
        schedule: restartDelays,
        while: ({ _tag }) => _tag === "StoreError" || _tag === "SessionUnavailable"
      }),
      Effect.ignoreLogged,
      Effect.delay(firstRestartDelay)
    )

  const passivateIdle = Effect.gen(function*() {
    const restingSince = (yield* Clock.currentTimeMillis) - Duration.toMillis(idleAfter)
    const idle = [...residents.values()].filter(({ lastUsedAt, users }) => users === 0 && lastUsedAt <= restingSince)
    yield* Effect.forEach(
      idle,
      (resident) => Effect.ignoreLogged(resident.actor.passivate(() => resident.users > 0)),
      { concurrency: "unbounded", discard: true }
    )
  })

  const shutDown = Effect.gen(function*() {
    closing = true
    yield* Effect.interruptible(Effect.timeoutOption(FiberSet.awaitEmpty(turns), drainTimeout))
    yield* FiberSet.clear(turns)
    yield* FiberSet.awaitEmpty(drains)
    yield* Effect.forEach(
      residents,
      ([id, { actor }]) =>
        actor.stop(new SessionUnavailable({ sessionId: id, reason: "the runtime is shutting down" })),
      { discard: true }
    )
  })

  yield* Effect.addFinalizer(() => shutDown)
  yield* Effect.forEach(
    yield* store.unfinished,
    (id) => Effect.ignoreLogged(use(id, (actor) => actor.start)),
    { concurrency: 16, discard: true }
  )
  yield* Effect.forkScoped(Effect.repeat(passivateIdle, Schedule.spaced(Duration.times(idleAfter, 0.5))))

  return SessionHost.of({
    send: (id, prompt) =>
      use(id, (actor) =>
        Effect.gen(function*() {
          const end = yield* Deferred.make<Message, ChangeError | TurnError>()
          yield* actor.accept(prompt, { emit: () => {}, end: (exit) => Deferred.unsafeDone(end, exit) })
          return yield* Deferred.await(end)
        })),
    stream: (id, prompt) =>
      makeTurnStream(streamBuffer, (observer) => use(id, (actor) => actor.accept(prompt, observer))),
    stop: (id, stop) => use(id, (actor) => actor.stopTurn(stop)),
    sendSystem: (id, prompt) => use(id, (actor) => actor.sendSystem(prompt)),
    updateContext: (id, patch) => use(id, (actor) => actor.updateContext(patch)),
    clear: (id) => use(id, (actor) => actor.clear),
    archive: (id) => use(id, (actor) => actor.archive),
    delete: (id) => use(id, (actor) => actor.delete),
    load: Effect.sync(() => ({
      activeSessions: residents.size,
      openTurns: [...residents.values()].reduce((sum, { actor }) => sum + actor.openTurns(), 0)
    }))
  })
})
