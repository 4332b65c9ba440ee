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
import type { SessionId } from "../../domain/Ids.js"
import { HookBus } from "../../services/HookBus.js"
import { IdGenerator } from "../../services/IdGenerator.js"
import { forgetConversation } from "../../services/internal/calls/conversations.js"
import { makeCircuitBreakers } from "../../services/internal/calls/resilience.js"
import { layerFromConfig } from "../../services/internal/config.js"
import { CurrentInstrumentation } from "../../services/internal/Instrumentation.js"
import { logStoreFailures } from "../../services/internal/storeFailures.js"
import { MiddlewarePipeline } from "../../services/MiddlewarePipeline.js"
import { Pricing } from "../../services/Pricing.js"
import { ProviderRegistry } from "../../services/ProviderRegistry.js"
import { SessionHost } from "../../services/SessionHost.js"
import { SessionStore } from "../../services/SessionStore.js"
import type { ActorServices } from "./actor/ActorServices.js"
import { makeActorRegistry } from "./internal/ActorRegistry.js"
import { makeDeletions } from "./internal/deletions.js"
import { makeFeedHub, makeFeedStream } from "./internal/feed.js"
import { forwardCommands } from "./internal/forwardCommands.js"
import { makeSenders } from "./internal/senders.js"

/**
 * Runs the actors of all sessions in this process. An actor that fails while turns wait is restarted after a second,
 * then with growing delays; any other is restarted by the next call. After a fourth failure within 60 seconds the
 * session is put in status `error` and its calls fail with `SessionUnavailable` until it is reactivated. Failures of
 * the store do not count, and are retried without limit. On start-up the host recovers the turns that an earlier
 * process left: accepted turns are answered; turns with a running provider call end as interrupted, or call again if
 * they were sent with `onUnknown: "retry"`. Fails with `StoreError` when the unfinished turns cannot be read.
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
    // The work of actors does not belong to the span in which the layer is built.
    Effect.mapInputContext(
      make(options),
      (context: Context.Context<Effect.Effect.Context<ReturnType<typeof make>>>) =>
        Context.omit(Tracer.ParentSpan)(context)
    )
  )

/**
 * The same layer, with its options read from `Config`.
 */
export const layerConfig = layerFromConfig(layer)

/**
 * Options of a host. All have defaults.
 */
export interface LocalSessionHostOptions {
  /** Sends that may wait in one session, the running one included. More fail with `SessionBusy`. Default: 64. */
  readonly mailboxCapacity?: number
  /** Turns that may be open across all sessions. More fail with `SessionBusy`. Default: 1,024. */
  readonly maxOpenTurns?: number
  /** Latest messages of the history sent to a provider. Default: 100. */
  readonly historyWindow?: number
  /** Tokens of the history sent to a provider, estimated at four characters each. Default: 100,000. */
  readonly historyTokens?: number
  /** Retries for a provider call that is known not to have started. Default: 2. */
  readonly providerRetries?: number
  /** Consecutive failures that open a model's circuit breaker. Default: 5. */
  readonly circuitFailures?: number
  /** How long a circuit breaker stays open. Default: 30 seconds. */
  readonly circuitOpenFor?: Duration.DurationInput
  /**
   * Events buffered for a slow reader of a stream or feed before it fails with `SlowConsumer`, as it does when 1 MiB of text waits.
   * Default: 4,096.
   */
  readonly streamBuffer?: number
  /** Maximum duration of a turn, whatever timeout it was sent with. Default: 10 minutes. */
  readonly maxTurnTime?: Duration.DurationInput
  /** How often a partial reply is stored, so that it survives a crash. Default: 1 second. */
  readonly checkpointEvery?: Duration.DurationInput
  /** Idle time after which an actor is passivated, so that the session uses no memory. Default: 30 seconds. */
  readonly idleAfter?: Duration.DurationInput
  /** How often the host looks for sessions to archive or delete. Default: 1 minute. */
  readonly sweepEvery?: Duration.DurationInput
  /**
   * How long running turns may continue when the host stops. The rest are stored as interrupted. Default: 20 seconds.
   */
  readonly drainTimeout?: Duration.DurationInput
}

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
  const store = instrumentation.store(yield* logStoreFailures(yield* SessionStore))
  const drains = yield* FiberSet.make<void>()
  const turns = yield* FiberSet.make<void>()
  const endings = yield* FiberSet.make<void>()
  const feed = makeFeedHub(streamBuffer)
  const host = { openTurns: 0, isClosing: false, recovered: { resumed: 0, interrupted: 0, overdue: 0 } }

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
    publishDeletion: deletions.publish,
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
    host,
    forkDrain: yield* FiberSet.runtime(drains)(),
    forkTurn: yield* FiberSet.runtime(turns)(),
    forkTimer: runTimer,
    forkEnding: yield* FiberSet.runtime(endings)()
  }
  const actors = makeActorRegistry(services)
  const { use } = actors

  const sweep = Effect.gen(function*() {
    const now = yield* DateTime.now
    const expiring = yield* store.expiring(now, pageSize)
    const results = yield* Effect.forEach(
      expiring,
      ({ action, sessionId }) =>
        use(sessionId, (actor) => actor.archiveOrDeleteIfIdle(action, now)).pipe(
          Effect.tap((isDone) => isDone && action === "delete" ? logExpiry(sessionId) : Effect.void),
          orLogFailure
        )
    )
    yield* deletions.publishAll
    return expiring.length === pageSize && results.includes(true)
  })
  // A failed sweep is logged, and does not stop the schedule.
  const sweepAll = Effect.repeat(orLogFailure(sweep), { while: (isMore) => isMore })

  const shutDown = Effect.gen(function*() {
    host.isClosing = true
    yield* Effect.interruptible(Effect.timeoutOption(FiberSet.awaitEmpty(turns), drainTimeout))
    yield* FiberSet.clear(turns)
    yield* FiberSet.awaitEmpty(drains)
    yield* feed.close
    yield* actors.stopAll
    yield* Effect.interruptible(Effect.timeoutOption(FiberSet.awaitEmpty(endings), drainTimeout))
  })

  yield* Effect.addFinalizer(() => shutDown)
  yield* deletions.publishAll
  yield* instrumentation.host(() => ({
    activeSessions: actors.size(),
    openTurns: host.openTurns,
    waitingCommands: actors.backlog()
  }))
  const started = yield* Effect.forEach(
    yield* store.unfinished,
    (id) => Effect.isSuccess(use(id, (actor) => actor.start)),
    { concurrency: 16 }
  )
  yield* logRecovery(host.recovered, started.filter((isStarted) => !isStarted).length)
  yield* Effect.forkScoped(
    Effect.repeat(actors.passivateIdle(idleAfter), Schedule.spaced(Duration.times(idleAfter, 0.5)))
  )
  yield* Effect.forkScoped(Effect.schedule(sweepAll, Schedule.spaced(sweepEvery)))

  return SessionHost.of({
    ...forwardCommands(use),
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
    stop: (id, stop) => use(id, (actor) => actor.stopTurn(stop)),
    reactivate: (id) =>
      Effect.suspend(() => {
        actors.clearFailures(id)
        return use(id, (actor) => Effect.zipRight(actor.reactivate, actor.start))
      }),
    activate: (id) => Effect.sync(() => runTimer(Effect.ignoreLogged(use(id, (actor) => actor.start)))),
    erase: (id) =>
      Effect.suspend(() => {
        actors.clearFailures(id)
        return use(id, (actor) => actor.erase)
      }),
    expire: (id, action, before) => use(id, (actor) => actor.archiveOrDeleteIfIdle(action, before)),
    stats: Effect.sync(() => ({
      activeSessions: actors.size(),
      openTurns: host.openTurns,
      isClosing: host.isClosing
    }))
  })
})

/** Logs any failure and returns false. Failures of the store are logged where they happen. */
const orLogFailure = <E extends { readonly _tag: string }>(
  effect: Effect.Effect<boolean, E | StoreError>
): Effect.Effect<boolean> =>
  effect.pipe(
    Effect.catchIf((error) => error._tag === "StoreError", () => Effect.succeed(false)),
    Effect.catchAllCause((cause) =>
      Effect.as(Effect.logError("Expired sessions could not be archived or deleted", cause), false)
    )
  )

/** A line of the audit log: no caller asked for this deletion. */
const logExpiry = (sessionId: SessionId) =>
  Effect.annotateLogs(Effect.logInfo("Audit"), {
    operation: "Delete",
    target: sessionId,
    principal: "autoDeleteAfter",
    outcome: "ok"
  })

/** `failed`: sessions that could not be loaded. A later call tries again. */
const logRecovery = (recovered: ActorServices["host"]["recovered"], failed: number): Effect.Effect<void> => {
  const counts = { ...recovered, failed }
  return Object.values(counts).every((count) => count === 0)
    ? Effect.void
    : Effect.annotateLogs(Effect.logInfo("Recovered the turns of an earlier process"), counts)
}

/** Expiring sessions read from the store at once. */
const pageSize = 100

const beginning: FeedPlace = { number: 0, offset: 0 }
