import * as Arr from "effect/Array"
import type * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Iterable from "effect/Iterable"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Order from "effect/Order"
import { MessageNotFound, SessionNotFound } from "../../domain/error/SessionError.js"
import { StoreError } from "../../domain/error/StoreError.js"
import type { SessionId } from "../../domain/Ids.js"
import { toStartUsage, type UsageEntry } from "../../domain/Rollup.js"
import type { SessionInfo } from "../../domain/Session.js"
import { layerFromConfig } from "../../services/internal/config.js"
import { SessionStore } from "../../services/SessionStore.js"
import { warnOfDropped } from "./internal/commitRules.js"
import { listSessions } from "./internal/memory/listSessions.js"
import { MemoryDeadLetters } from "./internal/memory/MemoryDeadLetters.js"
import { MemoryRollups } from "./internal/memory/MemoryRollups.js"
import { MemorySession, toExpiring, toFootprint } from "./internal/memory/MemorySession.js"
import { searchSessions } from "./internal/memory/searchSessions.js"

export interface MemorySessionStoreOptions {
  /** Sessions that the store holds. Above this, `create` fails with `StoreError` and the reason `Full`. Default: 1000. */
  readonly maxSessions?: number
}

export interface MemoryUsage {
  readonly sessions: number
  readonly maxSessions: number
  readonly messages: number
  readonly turns: number
  /** Approximate size of all sessions, as JSON. Messages that forks share count once for each. */
  readonly bytes: number
}

/**
 * A `SessionStore` in the memory of this process, for development and tests. All sessions are lost when the process ends. The
 * service itself is what a store in memory offers besides the port.
 */
export class MemorySessionStore
  extends Context.Tag("langswarm-session/layers/store/MemorySessionStore")<MemorySessionStore, {
    readonly usage: Effect.Effect<MemoryUsage>
    /** Removes all sessions and dead letters, of all users. Analytics remain. */
    readonly clear: Effect.Effect<void>
  }>()
{
  static readonly layer = (
    { maxSessions = 1000 }: MemorySessionStoreOptions = {}
  ): Layer.Layer<MemorySessionStore | SessionStore> =>
    Layer.effectContext(Effect.sync(() => {
      const sessions = new Map<SessionId, MemorySession>()
      const letters = new MemoryDeadLetters()
      return Context.make(SessionStore, makeStore(sessions, letters, maxSessions)).pipe(
        Context.add(MemorySessionStore, {
          usage: Effect.sync(() => ({
            sessions: sessions.size,
            maxSessions,
            messages: sum(sessions, ({ history }) => Iterable.size(history.messages)),
            turns: sum(sessions, ({ turns }) => turns.size),
            bytes: sum(sessions, ({ size }) => size)
          })),
          clear: Effect.sync(() => {
            sessions.clear()
            letters.clear()
          })
        })
      )
    }))

  /** `layer` with its options read from `Config`: environment variables by default. */
  static readonly layerConfig: (
    config: Config.Config.Wrap<MemorySessionStoreOptions>
  ) => Layer.Layer<MemorySessionStore | SessionStore, ConfigError> = layerFromConfig(MemorySessionStore.layer)
}

/** Each operation is one synchronous step, so no operation sees another one half done. */
const makeStore = (
  sessions: Map<SessionId, MemorySession>,
  letters: MemoryDeadLetters,
  maxSessions: number
): SessionStore["Type"] => {
  const rollups = new MemoryRollups()
  let added = 0

  const find = (id: SessionId): Either.Either<MemorySession, SessionNotFound> =>
    Either.fromNullable(sessions.get(id), () => new SessionNotFound({ sessionId: id }))

  const withSession = <A, E = never>(id: SessionId, use: (session: MemorySession) => Either.Either<A, E>) =>
    Effect.suspend(() => Either.flatMap(find(id), use))

  const read = <A>(id: SessionId, get: (session: MemorySession) => A) =>
    withSession(id, (session) => Either.right(get(session)))

  const add = (
    session: MemorySession,
    usage: ReadonlyArray<UsageEntry> = [toStartUsage(session.info)]
  ): Either.Either<void, StoreError> => {
    const { id } = session.info
    if (sessions.has(id)) throw new Error(`Session "${id}" already exists`)
    if (sessions.size >= maxSessions) {
      return Either.left(new StoreError({ reason: "Full", detail: `maxSessions ${maxSessions}` }))
    }
    session.history.key = ++added
    sessions.set(id, session)
    rollups.add(session.info, usage)
    return Either.void
  }

  return {
    durability: "memory",

    create: (session, context, delivered) => Effect.suspend(() => add(new MemorySession(session, context, delivered))),

    fork: (origin, seq, session, context, delivered) =>
      withSession(origin, (found) => add(found.fork(seq, session, context, delivered))),

    get: (id) => read(id, ({ info }) => info),
    context: (id) => read(id, ({ context }) => context),
    contextAt: (id, seq) => read(id, (session) => session.contextAt(seq)),
    metrics: (id) => read(id, ({ metrics }) => metrics),

    search: (query) => Effect.suspend(() => searchSessions(sessions.values(), query)),

    maintenance: {
      stats: Effect.sync(() => ({
        name: "memory",
        sessions: sessions.size,
        messages: new Set(Arr.flatMap([...sessions.values()], ({ history }) => [...history.messages])).size,
        bytes: sum(sessions, ({ size }) => size)
      }))
    },

    list: (query) => Effect.suspend(() => listSessions(Iterable.map(sessions.values(), ({ info }) => info), query)),

    messages: (id, query) => withSession(id, ({ history }) => history.page(query)),

    message: (id, messageId) =>
      withSession(
        id,
        ({ history }) =>
          Either.fromOption(history.find(messageId), () => new MessageNotFound({ sessionId: id, messageId }))
      ),

    messageAt: (id, seq) => read(id, ({ history }) => history.at(seq)),

    turns: (id, limit) => read(id, ({ turns }) => turns.latest(limit)),
    turn: (id, turnId) => read(id, ({ turns }) => Option.fromNullable(turns.find(turnId))),
    turnByKey: (id, key) => read(id, ({ turns }) => Option.fromNullable(turns.findByKey(key))),
    events: (id, number, limit) => read(id, (session) => session.eventsAfter(number, limit)),

    open: (id, window) => read(id, (session) => session.open(window)),

    commit: (id, epoch, changes) =>
      withSession(id, (session) =>
        Either.map(session.ownedBy(epoch), (owned) => {
          owned.apply(changes)
          rollups.add(owned.info, changes.usage ?? [])
          return letters.add(changes.deadLetters ?? [])
        })).pipe(Effect.flatMap(warnOfDropped)),

    remove: (id, epoch, deletion) =>
      Effect.suspend(() => {
        const session = sessions.get(id)
        if (!session) return Effect.void
        return Either.map(session.ownedBy(epoch), () => {
          sessions.delete(id)
          letters.removeSession(id, deletion)
        })
      }),

    export: (id) => read(id, ({ exported }) => exported),

    removeUsageOf: (userId) => Effect.sync(() => rollups.removeUser(userId)),

    restore: (record, usage, delivered) =>
      Effect.suspend(() =>
        sessions.has(record.session.id)
          ? Either.right(false)
          : Either.map(add(MemorySession.restored(record, delivered), usage), () => true)
      ),

    idle: (before, statuses, limit) =>
      Effect.sync(() => {
        const idle = [...sessions.values()].filter(({ info, turns }) =>
          !turns.hasOpen && DateTime.lessThan(info.lastActivityAt, before) && statuses.includes(info.status)
        )
        return Arr.take(Arr.sort(idle.map(({ info }) => info), longestIdleFirst), limit).map(({ id }) => id)
      }),

    footprint: (id) => read(id, (session) => toFootprint(session, sessions.values())),

    purge: Effect.void,

    unfinished: Effect.sync(() =>
      [...sessions.values()].filter(({ isUnfinished }) => isUnfinished).map(({ info }) => info.id).toSorted()
    ),

    expiring: (now, limit) =>
      Effect.sync(() => Arr.take(Iterable.flatMap(sessions.values(), (session) => toExpiring(session, now)), limit)),

    analytics: (query) => Effect.map(DateTime.now, (now) => rollups.answer(query, now)),
    deletions: (limit) => Effect.sync(() => letters.notDelivered(limit)),
    deletion: (id) => Effect.sync(() => Option.fromNullable(letters.deletion(id))),
    settleDeletion: (id, given) => Effect.suspend(() => warnOfDropped(letters.settle(id, given))),
    deadLetters: (query) => Effect.suspend(() => letters.page(query)),
    updateDeadLetter: (letter) => Effect.sync(() => letters.update(letter)),
    removeDeadLetter: (letter) => Effect.sync(() => letters.remove(letter)),

    checkWritable: Effect.void,

    health: Effect.sync(() => ({
      name: "memory",
      durability: "memory",
      ok: true,
      sessions: sessions.size,
      bytes: sum(sessions, ({ size }) => size),
      deadLetters: letters.size
    }))
  }
}

const longestIdleFirst = Order.mapInput(DateTime.Order, ({ lastActivityAt }: SessionInfo) => lastActivityAt)

const sum = (sessions: ReadonlyMap<SessionId, MemorySession>, of: (session: MemorySession) => number): number =>
  Iterable.reduce(sessions.values(), 0, (total, session) => total + of(session))
