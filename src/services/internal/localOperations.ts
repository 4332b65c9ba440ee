import * as Arr from "effect/Array"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { ConfigurationError } from "../../domain/error/ConfigurationError.js"
import { NotSupported } from "../../domain/error/NotSupported.js"
import { TurnNotFound } from "../../domain/error/TurnNotFound.js"
import { validate } from "../../domain/SessionConfig.js"
import { initial } from "../../domain/SessionContext.js"
import type { SessionInfo } from "../../domain/SessionInfo.js"
import { HookBus } from "../HookBus.js"
import { IdGenerator } from "../IdGenerator.js"
import { ProviderRegistry } from "../ProviderRegistry.js"
import { SessionHost } from "../SessionHost.js"
import type { SessionOperations } from "../SessionOperations.js"
import { SessionStore } from "../SessionStore.js"
import type { AddSession } from "./AddSession.js"
import { cleanupSessions } from "./cleanupSessions.js"
import { eraseUser } from "./eraseUser.js"
import { exportSessions } from "./exportSessions.js"
import { importSession } from "./importSession.js"
import { makeGetOrCreate } from "./makeGetOrCreate.js"
import { makeReplay } from "./makeReplay.js"
import { checkTargets } from "./provider/checkTargets.js"

const shownTurns = 50

/**
 * The operations in process: changes go to the session's actor through the host, reads go to the store at once.
 */
export const localOperations = Effect.gen(function*() {
  const { announce, erase, load, retire, ...changes } = yield* SessionHost
  const store = yield* SessionStore
  const hooks = yield* HookBus
  const ids = yield* IdGenerator
  const providers = yield* ProviderRegistry

  /** Stores a session in such a way that hooks, if there are any, are told of it whatever happens to this process. */
  const addSession: AddSession = (id, add) =>
    Effect.flatMap(
      hooks.hasHooks,
      (owed) => owed ? Effect.zipLeft(add(0), announce(id)) : add(1)
    )

  const operations = {
    ...changes,
    create: Effect.fnUntraced(function*({ config = {}, context = {}, model, provider, userId }) {
      const problems = validate(config)
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
      yield* addSession(id, (delivered) => store.create(session, initial(id, now, context), delivered))
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
      const storeHealth = yield* store.health
      const all = yield* providers.list
      return {
        status: storeHealth.ok ? "ok" as const : "degraded" as const,
        store: storeHealth,
        providers: all.map(({ name }) => name),
        ...(yield* load)
      }
    }),

    deadLetters: store.deadLetters,
    replayDeadLetters: makeReplay(store, hooks),

    info: store.get,
    context: store.context,
    metrics: store.metrics,
    turns: (id) => store.turns(id, shownTurns),
    turn: (id, turnId) =>
      Effect.flatMap(store.turn(id, turnId), Either.fromOption(() => new TurnNotFound({ sessionId: id, turnId }))),
    messages: store.messages,
    message: store.message,
    export: store.export,
    exportSessions: (query) => exportSessions(store, query),
    importSession: (record, options) => importSession(store, addSession, record, options),
    eraseUser: (userId) => eraseUser(store, erase, userId),
    cleanup: (cleanup) => cleanupSessions(store, retire, cleanup),

    fork: Effect.fnUntraced(function*(origin, { at, config, userId }) {
      const from = yield* store.get(origin)
      const { items: [latest] } = yield* store.messages(origin, { order: "newest", limit: 1 })
      const seq = at === undefined ? latest?.seq ?? 0 : (yield* store.message(origin, at)).seq
      if (config) yield* checkTargets(providers, { ...from, config })
      const context = yield* store.contextAt(origin, seq)
      const id = yield* ids.sessionId
      const now = yield* DateTime.now
      // A provider's own copy of the conversation is the origin's.
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
