import * as Arr from "effect/Array"
import * as Chunk from "effect/Chunk"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Order from "effect/Order"
import * as Stream from "effect/Stream"
import { ConfigurationError } from "../../domain/error/RequestError.js"
import { TurnNotFound } from "../../domain/error/SessionError.js"
import { NotSupported } from "../../domain/error/StoreError.js"
import type { Cursor } from "../../domain/Page.js"
import type { CreateSession, SessionInfo } from "../../domain/Session.js"
import { sessionConfigProblems } from "../../domain/SessionConfig.js"
import { makeSessionContext } from "../../domain/SessionContext.js"
import { HookBus } from "../HookBus.js"
import { IdGenerator } from "../IdGenerator.js"
import { ProviderRegistry } from "../ProviderRegistry.js"
import { SessionHost } from "../SessionHost.js"
import type { SessionOperations } from "../SessionOperations.js"
import { SessionStore } from "../SessionStore.js"
import { checkTargets } from "./calls/targets.js"
import { cleanupSessions, eraseUser } from "./housekeeping.js"
import { makeReplay } from "./replayDeadLetters.js"
import { shareTest } from "./sharedTest.js"
import { logStoreFailures } from "./storeFailures.js"
import { type AddSession, exportSessions, importSession } from "./transfer.js"

/**
 * The operations in process: commands go to the session's actor through the host, reads go directly to the store.
 */
export const localOperations = Effect.gen(function*() {
  const { activate, erase, expire, stats, ...commands } = yield* SessionHost
  const store = yield* logStoreFailures(yield* SessionStore)
  const hooks = yield* HookBus
  const ids = yield* IdGenerator
  const providers = yield* ProviderRegistry

  /** Stores a session. If there are hooks, its first event is stored as undelivered, so they get it even after a crash. */
  const addSession: AddSession = (id, add) =>
    Effect.flatMap(hooks.hasHooks, (hasHooks) => hasHooks ? Effect.zipLeft(add(0), activate(id)) : add(1))

  const isWritable = yield* makeWritableTest(store)

  const operations = {
    ...commands,
    create: Effect.fnUntraced(function*({ config = {}, context = {}, model, provider, userId }) {
      const problems = sessionConfigProblems(config)
      if (Arr.isNonEmptyReadonlyArray(problems)) return yield* new ConfigurationError({ problems })
      yield* checkTargets(providers, { provider, model, config })
      const id = yield* ids.sessionId
      const now = yield* DateTime.now
      const session: SessionInfo = {
        id,
        userId,
        provider,
        model,
        status: "active",
        config,
        createdAt: now,
        lastActivityAt: now,
        messageCount: 0
      }
      yield* addSession(id, (delivered) => store.create(session, makeSessionContext(id, now, context), delivered))
      return id
    }),
    list: store.list,
    searchMessages: store.search ?? (() => new NotSupported({ capability: "search" })),
    optimize: store.maintenance?.optimize ?? new NotSupported({ capability: "optimize" }),
    stats: store.maintenance?.stats ?? new NotSupported({ capability: "stats" }),
    backup: store.maintenance?.backup ?? (() => new NotSupported({ capability: "backup" })),
    listProviders: Effect.flatMap(providers.list, Effect.forEach(({ name }) => Effect.orDie(providers.info(name)))),
    providerInfo: providers.info,
    analytics: store.analytics,
    health: Effect.gen(function*() {
      const { isClosing, ...load } = yield* stats
      const writable = yield* isWritable
      const storeHealth = yield* store.health
      const all = yield* providers.list
      return {
        status: storeHealth.ok ? "ok" as const : "degraded" as const,
        readiness: isClosing ? "stopping" as const : writable ? "ready" as const : "storage" as const,
        store: storeHealth,
        providers: all.map(({ name }) => name),
        ...load
      }
    }),

    deadLetters: store.deadLetters,
    replayDeadLetters: makeReplay(store, hooks),

    info: store.get,
    context: store.context,
    metrics: store.metrics,
    turns: (id) => store.turns(id, latestTurns),
    turn: (id, turnId) =>
      Effect.flatMap(store.turn(id, turnId), Either.fromOption(() => new TurnNotFound({ sessionId: id, turnId }))),
    messages: store.messages,
    message: store.message,
    export: store.export,
    exportSessions: (query) => exportSessions(store, query),
    importSession: (record, options) => importSession(store, addSession, record, options),
    eraseUser: (userId) => eraseUser(store, erase, userId),
    cleanup: (cleanup) => cleanupSessions(store, expire, cleanup),

    fork: Effect.fnUntraced(function*(origin, { at, config, userId }) {
      const from = yield* store.get(origin)
      const { items: [latest] } = yield* store.messages(origin, { order: "newest", limit: 1 })
      const seq = at === undefined ? latest?.seq ?? 0 : (yield* store.message(origin, at)).seq
      if (config) yield* checkTargets(providers, { ...from, config })
      const context = yield* store.contextAt(origin, seq)
      const id = yield* ids.sessionId
      const now = yield* DateTime.now
      // The provider's copy of the conversation belongs to the origin.
      const { cursor: _, ...shared } = from
      const session: SessionInfo = {
        ...shared,
        id,
        userId: userId ?? from.userId,
        status: "active",
        config: config ?? from.config,
        createdAt: now,
        lastActivityAt: now,
        forkedFrom: { sessionId: origin, seq }
      }
      yield* addSession(id, (delivered) => store.fork(origin, seq, session, { ...context, sessionId: id }, delivered))
      return id
    })
  } satisfies Omit<SessionOperations, "getOrCreate">

  return { ...operations, getOrCreate: makeGetOrCreate(operations) } satisfies SessionOperations
})

/**
 * Whether the store can store a send. A commit that takes longer than 2 seconds, because another process locks the database,
 * counts as one that fails.
 */
const makeWritableTest = ({ checkWritable, health }: SessionStore["Type"]) =>
  shareTest(
    checkWritable === undefined ? Effect.map(health, ({ ok }) => ok) : Effect.isSuccess(checkWritable),
    { limit: "2 seconds", onLimit: false, what: "The store" }
  )

/** How many turns `Session.turns` returns. */
const latestTurns = 50

/**
 * Finds the latest session of a user, provider and model that accepts messages, or creates one. Calls for one user run one
 * at a time, or two concurrent calls would both create a session.
 */
const makeGetOrCreate = (
  { create, list }: Pick<SessionOperations, "create" | "list">
): SessionOperations["getOrCreate"] => {
  const lock = makeKeyedLock<string>()

  const latest = ({ model, provider, userId }: CreateSession, status: typeof statuses[number]) =>
    Stream.paginateChunkEffect(Option.none<Cursor>(), (cursor) =>
      Effect.map(
        list({ userId, provider, status, ...(Option.isSome(cursor) && { cursor: cursor.value }) }),
        (page) => [Chunk.unsafeFromArray(page.items), Option.map(Option.fromNullable(page.next), Option.some)]
      )).pipe(
        Stream.filter((session) => session.model === model),
        Stream.runHead
      )

  return (input) =>
    Effect.forEach(statuses, (status) => latest(input, status)).pipe(
      Effect.flatMap((found) => {
        const sessions = found.flatMap(Option.toArray)
        return Arr.isNonEmptyArray(sessions) ? Effect.succeed(Arr.max(sessions, byCreation).id) : create(input)
      }),
      lock(input.userId)
    )
}

/** Statuses of sessions that accept messages. */
const statuses = ["active", "idle"] as const

/** The order of lists. */
const byCreation = Order.combine(
  Order.mapInput(Order.number, ({ createdAt }: SessionInfo) => createdAt.epochMillis),
  Order.mapInput(Order.string, ({ id }: SessionInfo) => id)
)

/**
 * Runs effects of the same key one after the other. An unused key takes no memory.
 */
const makeKeyedLock = <Key>() => {
  const locks = new Map<Key, Lock>()

  const take = (key: Key) =>
    Effect.sync(() => {
      const lock = locks.get(key) ?? { semaphore: Effect.unsafeMakeSemaphore(1), holders: 0 }
      lock.holders++
      locks.set(key, lock)
      return lock
    })

  const leave = (key: Key, lock: Lock) =>
    Effect.sync(() => {
      lock.holders--
      if (lock.holders === 0) locks.delete(key)
    })

  return (key: Key) => <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.acquireUseRelease(
      take(key),
      ({ semaphore }) => semaphore.withPermits(1)(effect),
      (lock) => leave(key, lock)
    )
}

interface Lock {
  readonly semaphore: Effect.Semaphore
  holders: number
}
