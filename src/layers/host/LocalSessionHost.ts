import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import type { SendError } from "../../domain/error/SendError.js"
import { SessionUnavailable } from "../../domain/error/SessionUnavailable.js"
import { ShuttingDown } from "../../domain/error/ShuttingDown.js"
import type { StoreError } from "../../domain/error/StoreError.js"
import { type FeedPlace, fromPosition } from "../../domain/FeedPosition.js"
import type { Message } from "../../domain/Message.js"
import type { SendMessage } from "../../domain/SendMessage.js"
import type { SessionId } from "../../domain/SessionId.js"
import type { TurnReceipt } from "../../domain/TurnReceipt.js"
import { HookBus } from "../../services/HookBus.js"
import { IdGenerator } from "../../services/IdGenerator.js"
import type { ActorServices } from "../../services/internal/actor/ActorServices.js"
import { failedTooOften } from "../../services/internal/actor/failedTooOften.js"
import { type ActorEnd, makeSessionActor, type SessionActor } from "../../services/internal/actor/SessionActor.js"
import { jittered } from "../../services/internal/jittered.js"
import { MiddlewarePipeline } from "../../services/MiddlewarePipeline.js"
import { ProviderRegistry } from "../../services/ProviderRegistry.js"
import { SessionHost } from "../../services/SessionHost.js"
import { SessionStore } from "../../services/SessionStore.js"
import { makeFailureCounter } from "./internal/makeFailureCounter.js"
import { makeFeedHub } from "./internal/makeFeedHub.js"
import { makeFeedStream } from "./internal/makeFeedStream.js"
import { makeTurnStream } from "./internal/makeTurnStream.js"
import { markError } from "./internal/markError.js"
import { stopWithSender } from "./internal/stopWithSender.js"

/**
 * Bounds of a host. All have defaults.
 */
export interface LocalSessionHostOptions {
  /** Sends that may wait in one session, the running one included; one more answers `SessionBusy`. 64 unless told. */
  readonly mailboxCapacity?: number
  /** Turns of all sessions together that may be open; one more answers `SessionBusy`. 1,024 unless told. */
  readonly maxOpenTurns?: number
  /** Latest messages of the history that a provider is shown. 100 unless told. */
  readonly historyWindow?: number
  /** Events that a stream or a feed holds for a slow reader before it is cut with `SlowConsumer`. 4,096 unless told. */
  readonly streamBuffer?: number
  /** No turn may take longer, whatever timeout it is sent with. 10 minutes unless told. */
  readonly maxTurnTime?: Duration.DurationInput
  /** How often what has arrived of a reply is stored, so that a crash leaves it behind. 1 second unless told. */
  readonly checkpointEvery?: Duration.DurationInput
  /** How long a session rests before its actor is passivated and only the store remembers it. 30 seconds unless told. */
  readonly idleAfter?: Duration.DurationInput
  /** How often sessions are looked for that are to be archived or deleted. 1 minute unless told. */
  readonly sweepEvery?: Duration.DurationInput
  /** How long running turns may go on when the host stops; those left are stored as interrupted. 20 seconds unless told. */
  readonly drainTimeout?: Duration.DurationInput
}

const restartDelays = jittered(Schedule.union(Schedule.exponential("1 second"), Schedule.spaced("30 seconds")))
const firstRestartDelay = "1 second"
const dueAtOnce = 100
const beginning: FeedPlace = { number: 0, offset: 0 }

/**
 * An actor that lives here, and how many callers hold it.
 */
interface Resident {
  readonly actor: SessionActor
  users: number
  lastUsedAt: bigint
}

/**
 * Keeps the actors of all sessions in this process. One that fails while turns wait is started again, after a second and then
 * ever later; others are started again by the next call. One that fails a fourth time in 60 seconds has its session put in
 * status `error`, and answers `SessionUnavailable` until it is reactivated; a failing store is no session's fault and is
 * tried for ever. When the host starts it takes up the turns that an earlier process left: those it had accepted are
 * answered, those whose provider call was under way end as interrupted, or are called again if they were sent so.
 */
export const layer = (
  options: LocalSessionHostOptions = {}
): Layer.Layer<
  SessionHost,
  StoreError,
  HookBus | IdGenerator | MiddlewarePipeline | ProviderRegistry | SessionStore
> => Layer.scoped(SessionHost, make(options))

const make = Effect.fnUntraced(function*({
  checkpointEvery = "1 second",
  drainTimeout = "20 seconds",
  historyWindow = 100,
  idleAfter = "30 seconds",
  mailboxCapacity = 64,
  maxOpenTurns = 1024,
  maxTurnTime = "10 minutes",
  streamBuffer = 4096,
  sweepEvery = "1 minute"
}: LocalSessionHostOptions) {
  const store = yield* SessionStore
  const hooks = yield* HookBus
  const drains = yield* FiberSet.make<void>()
  const turns = yield* FiberSet.make<void>()
  const runDrain = yield* FiberSet.runtime(drains)()
  const runTurn = yield* FiberSet.runtime(turns)()
  const runTimer = yield* FiberSet.makeRuntime<never, void>()
  const residents = new Map<SessionId, Resident>()
  const broken = new Map<SessionId, string>()
  const failures = makeFailureCounter()
  const feed = makeFeedHub(streamBuffer)
  const openTurns = { count: 0 }
  let closing = false

  const services: ActorServices = {
    store,
    providers: yield* ProviderRegistry,
    pipeline: yield* MiddlewarePipeline,
    hooks,
    ids: yield* IdGenerator,
    feed,
    limits: {
      mailboxCapacity,
      maxOpenTurns,
      historyWindow,
      maxTurnTime: Duration.decode(maxTurnTime),
      checkpointEvery: Duration.decode(checkpointEvery)
    },
    openTurns,
    // A command that has begun is seen through: half of one is a state that nobody knows.
    forkDrain: (drain) => runDrain(Effect.uninterruptible(drain)),
    forkTurn: runTurn,
    forkTimer: runTimer,
    isClosing: () => closing
  }

  const enter = (id: SessionId) =>
    Effect.map(Clock.currentTimeNanos, (now) => {
      const resident = residents.get(id) ?? { actor: makeActor(id), users: 0, lastUsedAt: now }
      residents.set(id, resident)
      resident.users++
      return resident
    })

  const leave = (resident: Resident) =>
    Effect.map(Clock.currentTimeNanos, (now) => {
      resident.users--
      resident.lastUsedAt = now
    })

  const makeActor = (id: SessionId): SessionActor => {
    const actor = makeSessionActor(id, services, (end) => {
      if (residents.get(id)?.actor === actor) residents.delete(id)
      if (!closing && (end.failed || end.owesTurns)) runTimer(supervise(id, end))
    })
    return actor
  }

  const use = <A, E>(
    id: SessionId,
    f: (actor: SessionActor) => Effect.Effect<A, E>
  ): Effect.Effect<A, E | SessionUnavailable | ShuttingDown> =>
    Effect.suspend((): Effect.Effect<A, E | SessionUnavailable | ShuttingDown> => {
      if (closing) return new ShuttingDown({ sessionId: id })
      const reason = broken.get(id)
      if (reason !== undefined) return new SessionUnavailable({ sessionId: id, reason })
      return Effect.acquireUseRelease(enter(id), ({ actor }) => f(actor), leave)
    })

  const supervise = Effect.fnUntraced(function*(id: SessionId, { failed, owesTurns, reason }: ActorEnd) {
    const isItsFault = failed && (reason._tag !== "StoreError" || reason.reason === "Corrupt")
    if (isItsFault && !(yield* failures.mayRestart(id))) {
      broken.set(id, failedTooOften)
      const number = yield* markError(id, reason.message, store, hooks)
      return feed.catchUp(id, number)
    }
    if (owesTurns) yield* Effect.delay(restart(id), firstRestartDelay)
  }, Effect.ignoreLogged)

  const restart = (id: SessionId) =>
    use(id, (actor) => actor.start).pipe(
      Effect.retry({ schedule: restartDelays, while: ({ _tag }) => _tag === "StoreError" })
    )

  const passivateIdle = Effect.gen(function*() {
    const now = yield* Clock.currentTimeNanos
    const all = [...residents.values()]
    const overdue = now - toNanos(maxTurnTime)
    yield* Effect.forEach(all, ({ actor }) => actor.expire(overdue), { discard: true })
    const restingSince = now - toNanos(idleAfter)
    const idle = all.filter(({ lastUsedAt, users }) => users === 0 && lastUsedAt <= restingSince)
    yield* Effect.forEach(
      idle,
      (resident) => Effect.ignoreLogged(resident.actor.passivate(() => resident.users > 0)),
      { concurrency: "unbounded", discard: true }
    )
  })

  const sweep = Effect.gen(function*() {
    const now = yield* DateTime.now
    const due = yield* store.due(now, dueAtOnce)
    yield* Effect.forEach(
      due,
      ({ action, sessionId }) => Effect.ignoreLogged(use(sessionId, (actor) => actor.retire(action, now))),
      { discard: true }
    )
  }).pipe(Effect.ignoreLogged)

  const shutDown = Effect.gen(function*() {
    closing = true
    yield* Effect.interruptible(Effect.timeoutOption(FiberSet.awaitEmpty(turns), drainTimeout))
    yield* FiberSet.clear(turns)
    yield* FiberSet.awaitEmpty(drains)
    yield* feed.close
    yield* Effect.forEach(
      residents,
      ([id, { actor }]) =>
        Effect.zipRight(
          Effect.ignoreLogged(actor.saveDelivery),
          actor.stop(new SessionUnavailable({ sessionId: id, reason: "the runtime is shutting down" }))
        ),
      { concurrency: "unbounded", discard: true }
    )
  })

  yield* Effect.addFinalizer(() => shutDown)
  yield* Effect.forEach(
    yield* store.unfinished,
    (id) => Effect.ignoreLogged(use(id, (actor) => actor.start)),
    { concurrency: 16, discard: true }
  )
  yield* Effect.forkScoped(Effect.repeat(passivateIdle, Schedule.spaced(Duration.times(idleAfter, 0.5))))
  yield* Effect.forkScoped(Effect.schedule(sweep, Schedule.spaced(sweepEvery)))

  const senderOf = (id: SessionId, { stopOnDisconnect }: SendMessage) =>
    stopWithSender((turnId) => {
      if (stopOnDisconnect) runTimer(Effect.ignoreLogged(use(id, (actor) => actor.stopTurn({ turnId }))))
    })

  return SessionHost.of({
    submit: (id, message) =>
      use(id, (actor) =>
        Effect.gen(function*() {
          const receipt = yield* Deferred.make<TurnReceipt>()
          yield* actor.accept(message, {
            emit: (event) => {
              if (event._tag === "TurnAccepted") Deferred.unsafeDone(receipt, Effect.succeed(event))
            },
            end: () => {}
          })
          const { outcome, turnId } = yield* Deferred.await(receipt)
          return { outcome, turnId }
        })),

    send: (id, message) =>
      use(id, (actor) =>
        Effect.gen(function*() {
          const end = yield* Deferred.make<Message, SendError>()
          const sender = senderOf(id, message)
          const accepted = actor.accept(message, {
            emit: (event) => {
              if (event._tag === "TurnAccepted") sender.accepted(event.turnId)
            },
            end: (exit) => Deferred.unsafeDone(end, exit)
          })
          return yield* Effect.zipRight(accepted, Deferred.await(end)).pipe(
            Effect.onInterrupt(() => Effect.sync(sender.left))
          )
        })),

    stream: (id, message) =>
      Stream.suspend(() => {
        const sender = senderOf(id, message)
        return makeTurnStream(id, streamBuffer, (observer) =>
          use(id, (actor) =>
            actor.accept(message, {
              emit: (event) => {
                if (event._tag === "TurnAccepted") sender.accepted(event.turnId)
                observer.emit(event)
              },
              end: (exit) => {
                sender.ended()
                observer.end(exit)
              }
            }))).pipe(Stream.ensuring(Effect.sync(sender.left)))
      }),

    watch: (id, { from }) =>
      Stream.unwrapScoped(
        Effect.map(feed.watcher(id), ({ events, listen }) =>
          makeFeedStream(
            id,
            from === undefined ? beginning : fromPosition(from),
            store,
            events,
            use(id, (actor) => actor.feed(listen))
          ))
      ),

    pending: (id) => use(id, (actor) => actor.pending),
    edit: (id, edit) => use(id, (actor) => actor.edit(edit)),
    stop: (id, stop) => use(id, (actor) => actor.stopTurn(stop)),
    sendSystem: (id, content) => use(id, (actor) => actor.sendSystem(content)),
    updateContext: (id, patch) => use(id, (actor) => actor.updateContext(patch)),
    clear: (id) => use(id, (actor) => actor.clear),
    rewind: (id, rewind) => use(id, (actor) => actor.rewind(rewind)),
    archive: (id) => use(id, (actor) => actor.archive),
    reactivate: (id) =>
      Effect.suspend(() => {
        broken.delete(id)
        failures.forget(id)
        return use(id, (actor) => Effect.zipRight(actor.reactivate, actor.start))
      }),
    delete: (id) => use(id, (actor) => actor.delete),
    load: Effect.sync(() => ({ activeSessions: residents.size, openTurns: openTurns.count }))
  })
})

const toNanos = (duration: Duration.DurationInput): bigint => BigInt(Duration.toMillis(duration)) * 1_000_000n
