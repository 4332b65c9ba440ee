import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import type { StoreError } from "../../domain/error/StoreError.js"
import { type FeedPlace, fromFeedPosition } from "../../domain/Events.js"
import { HookBus } from "../../services/HookBus.js"
import { IdGenerator } from "../../services/IdGenerator.js"
import { forgetConversation } from "../../services/internal/calls/conversations.js"
import { makeCircuitBreakers } from "../../services/internal/calls/resilience.js"
import { CurrentInstrumentation } from "../../services/internal/Instrumentation.js"
import { MiddlewarePipeline } from "../../services/MiddlewarePipeline.js"
import { Pricing } from "../../services/Pricing.js"
import { ProviderRegistry } from "../../services/ProviderRegistry.js"
import { SessionHost } from "../../services/SessionHost.js"
import { SessionStore } from "../../services/SessionStore.js"
import type { ActorServices } from "./actor/ActorServices.js"
import { makeActorRegistry } from "./internal/ActorRegistry.js"
import { makeDeletions } from "./internal/deletions.js"
import { makeFeedHub, makeFeedStream } from "./internal/feed.js"
import { makeSenders } from "./internal/senders.js"

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
  /** The same, in tokens: about four characters are taken for one. 100,000 unless told. */
  readonly historyTokens?: number
  /** How often a provider call that has certainly not begun is made again. 2 unless told. */
  readonly providerRetries?: number
  /** After so many calls of one model that failed in a row, its provider is spared for a while. 5 unless told. */
  readonly circuitFailures?: number
  /** For how long. 30 seconds unless told. */
  readonly circuitOpenFor?: Duration.DurationInput
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

const dueAtOnce = 100
const beginning: FeedPlace = { number: 0, offset: 0 }

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
  HookBus | IdGenerator | MiddlewarePipeline | Pricing | ProviderRegistry | SessionStore
> =>
  Layer.scoped(
    SessionHost,
    // What an actor does later is no part of whatever has built this layer.
    Effect.mapInputContext(
      make(options),
      (context: Context.Context<Effect.Effect.Context<ReturnType<typeof make>>>) =>
        Context.omit(Tracer.ParentSpan)(context)
    )
  )

const make = Effect.fnUntraced(function*({
  checkpointEvery = "1 second",
  circuitFailures = 5,
  circuitOpenFor = "30 seconds",
  drainTimeout = "20 seconds",
  historyTokens = 100_000,
  historyWindow = 100,
  idleAfter = "30 seconds",
  mailboxCapacity = 64,
  maxOpenTurns = 1024,
  maxTurnTime = "10 minutes",
  providerRetries = 2,
  streamBuffer = 4096,
  sweepEvery = "1 minute"
}: LocalSessionHostOptions) {
  const instrumentation = yield* CurrentInstrumentation
  const store = instrumentation.store(yield* SessionStore)
  const drains = yield* FiberSet.make<void>()
  const turns = yield* FiberSet.make<void>()
  const endings = yield* FiberSet.make<void>()
  const runDrain = yield* FiberSet.runtime(drains)()
  const feed = makeFeedHub(streamBuffer)
  const openTurns = { count: 0 }
  let closing = false

  const providers = yield* ProviderRegistry
  const hooks = yield* HookBus
  const runTimer = yield* FiberSet.makeRuntime<never>()
  const deletions = makeDeletions(store, hooks, runTimer)
  const services: ActorServices = {
    store,
    providers,
    provider: {
      breakers: makeCircuitBreakers({ failures: circuitFailures, openFor: Duration.toMillis(circuitOpenFor) }),
      instrumentation,
      pricing: yield* Pricing,
      retries: providerRetries
    },
    forget: (cursor) => runTimer(forgetConversation(providers, cursor)),
    pipeline: yield* MiddlewarePipeline,
    hooks,
    tellDeletion: deletions.tell,
    ids: yield* IdGenerator,
    instrumentation,
    feed,
    limits: {
      mailboxCapacity,
      maxOpenTurns,
      historyWindow,
      historyTokens,
      maxTurnTime: Duration.decode(maxTurnTime),
      checkpointEvery: Duration.decode(checkpointEvery)
    },
    openTurns,
    // A command that has begun is seen through: half of one is a state that nobody knows.
    forkDrain: (drain) => runDrain(Effect.uninterruptible(drain)),
    forkTurn: yield* FiberSet.runtime(turns)(),
    forkTimer: runTimer,
    forkEnding: yield* FiberSet.runtime(endings)(),
    isClosing: () => closing
  }
  const actors = makeActorRegistry(services)
  const { use } = actors

  const sweep = Effect.gen(function*() {
    const now = yield* DateTime.now
    const due = yield* store.expiring(now, dueAtOnce)
    const retired = yield* Effect.forEach(
      due,
      ({ action, sessionId }) => logged(use(sessionId, (actor) => actor.archiveOrDeleteIfIdle(action, now)))
    )
    yield* deletions.tellAll
    return due.length === dueAtOnce && retired.includes(true)
  })
  // Whatever becomes of one, the next comes.
  const sweepAll = Effect.repeat(logged(sweep), { while: (isMore) => isMore })

  const shutDown = Effect.gen(function*() {
    closing = true
    yield* Effect.interruptible(Effect.timeoutOption(FiberSet.awaitEmpty(turns), drainTimeout))
    yield* FiberSet.clear(turns)
    yield* FiberSet.awaitEmpty(drains)
    yield* feed.close
    yield* actors.stopAll
    yield* Effect.interruptible(Effect.timeoutOption(FiberSet.awaitEmpty(endings), drainTimeout))
  })

  yield* Effect.addFinalizer(() => shutDown)
  yield* deletions.tellAll
  yield* instrumentation.host(() => ({
    activeSessions: actors.size(),
    openTurns: openTurns.count,
    waitingCommands: actors.backlog()
  }))
  yield* Effect.forEach(
    yield* store.unfinished,
    (id) => Effect.ignoreLogged(use(id, (actor) => actor.start)),
    { concurrency: 16, discard: true }
  )
  yield* Effect.forkScoped(
    Effect.repeat(actors.passivateIdle(idleAfter), Schedule.spaced(Duration.times(idleAfter, 0.5)))
  )
  yield* Effect.forkScoped(Effect.schedule(sweepAll, Schedule.spaced(sweepEvery)))

  return SessionHost.of({
    ...makeSenders(actors, services, streamBuffer),
    watch: (id, { from }) =>
      Stream.unwrapScoped(
        Effect.map(feed.watcher(id), ({ events, subscribe }) =>
          makeFeedStream(
            id,
            from === undefined ? beginning : fromFeedPosition(from),
            store,
            events,
            use(id, (actor) => actor.feed(subscribe))
          ))
      ),
    pending: (id) => use(id, (actor) => actor.pending),
    edit: (id, edit) => use(id, (actor) => actor.edit(edit)),
    stop: (id, stop) => use(id, (actor) => actor.stopTurn(stop)),
    sendSystem: (id, content) => use(id, (actor) => actor.sendSystem(content)),
    updateContext: (id, patch) => use(id, (actor) => actor.updateContext(patch)),
    configure: (id, changes) => use(id, (actor) => actor.configure(changes)),
    clear: (id) => use(id, (actor) => actor.clear),
    rewind: (id, rewind) => use(id, (actor) => actor.rewind(rewind)),
    archive: (id) => use(id, (actor) => actor.archive),
    reactivate: (id) =>
      Effect.suspend(() => {
        actors.clearFailures(id)
        return use(id, (actor) => Effect.zipRight(actor.reactivate, actor.start))
      }),
    delete: (id) => use(id, (actor) => actor.delete),
    activate: (id) => Effect.sync(() => runTimer(Effect.ignoreLogged(use(id, (actor) => actor.start)))),
    erase: (id) =>
      Effect.suspend(() => {
        actors.clearFailures(id)
        return use(id, (actor) => actor.erase)
      }),
    expire: (id, action, before) => use(id, (actor) => actor.archiveOrDeleteIfIdle(action, before)),
    stats: Effect.sync(() => ({ activeSessions: actors.size(), openTurns: openTurns.count }))
  })
})

/** False of what fails, however it does. */
const logged = <E>(effect: Effect.Effect<boolean, E>): Effect.Effect<boolean> =>
  Effect.catchAllCause(
    effect,
    (cause) => Effect.as(Effect.logError("A session that has rested was not retired", cause), false)
  )
