import * as Arr from "effect/Array"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Iterable from "effect/Iterable"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { MessageNotFound } from "../../domain/error/MessageNotFound.js"
import { SessionNotFound } from "../../domain/error/SessionNotFound.js"
import { StoreError } from "../../domain/error/StoreError.js"
import type { SessionId } from "../../domain/SessionId.js"
import { SessionStore } from "../../services/SessionStore.js"
import { dueOf } from "./internal/memory/dueOf.js"
import { MemorySession } from "./internal/memory/MemorySession.js"
import { pageOfHits } from "./internal/memory/pageOfHits.js"
import { pageOfSessions } from "./internal/memory/pageOfSessions.js"

export interface MemoryUsage {
  readonly sessions: number
  readonly maxSessions: number
  readonly messages: number
  readonly turns: number
  /** About: the length of all that sessions hold, as JSON. What a fork shares counts for each. */
  readonly bytes: number
}

/**
 * What a store in memory offers beside the port.
 */
export class MemorySessionStore
  extends Context.Tag("langswarm-session/layers/store/MemorySessionStore")<MemorySessionStore, {
    readonly usage: Effect.Effect<MemoryUsage>
    /** Removes all sessions, whoever owns them. */
    readonly clear: Effect.Effect<void>
  }>()
{}

export interface MemorySessionStoreOptions {
  /** 1000 unless told. With so many sessions, `create` fails with `StoreError` and the reason `Full`. */
  readonly maxSessions?: number
}

/**
 * Keeps sessions in this process: for development and tests. All is gone when the process ends.
 */
export const layer = (
  { maxSessions = 1000 }: MemorySessionStoreOptions = {}
): Layer.Layer<MemorySessionStore | SessionStore> =>
  Layer.effectContext(Effect.sync(() => {
    const sessions = new Map<SessionId, MemorySession>()
    return Context.make(SessionStore, storeOf(sessions, maxSessions)).pipe(
      Context.add(MemorySessionStore, {
        usage: Effect.sync(() => ({
          sessions: sessions.size,
          maxSessions,
          messages: sum(sessions, ({ history }) => Iterable.size(history.messages)),
          turns: sum(sessions, ({ turns }) => turns.size),
          bytes: sum(sessions, ({ size }) => size)
        })),
        clear: Effect.sync(() => sessions.clear())
      })
    )
  }))

/** Each operation is one synchronous step, so none ever sees another half done. */
const storeOf = (sessions: Map<SessionId, MemorySession>, maxSessions: number): SessionStore["Type"] => {
  let added = 0

  const find = (id: SessionId): Either.Either<MemorySession, SessionNotFound> =>
    Either.fromNullable(sessions.get(id), () => new SessionNotFound({ sessionId: id }))

  const withSession = <A, E = never>(id: SessionId, use: (session: MemorySession) => Either.Either<A, E>) =>
    Effect.suspend(() => Either.flatMap(find(id), use))

  const read = <A>(id: SessionId, get: (session: MemorySession) => A) =>
    withSession(id, (session) => Either.right(get(session)))

  const add = (session: MemorySession): Either.Either<void, StoreError> => {
    const { id } = session.info
    if (sessions.has(id)) throw new Error(`There is a session "${id}" already`)
    if (sessions.size >= maxSessions) {
      return Either.left(new StoreError({ reason: "Full", detail: `maxSessions ${maxSessions}` }))
    }
    session.history.key = ++added
    sessions.set(id, session)
    return Either.void
  }

  return {
    durability: "memory",

    create: (session, context) => Effect.suspend(() => add(new MemorySession(session, context))),

    fork: (origin, seq, session, context) => withSession(origin, (found) => add(found.fork(seq, session, context))),

    get: (id) => read(id, ({ info }) => info),
    context: (id) => read(id, ({ context }) => context),
    contextAt: (id, seq) => read(id, (session) => session.contextAt(seq)),
    metrics: (id) => read(id, ({ metrics }) => metrics),

    search: (query) => Effect.suspend(() => pageOfHits(sessions.values(), query)),

    maintenance: {
      stats: Effect.sync(() => ({
        name: "memory",
        sessions: sessions.size,
        messages: new Set(Arr.flatMap([...sessions.values()], ({ history }) => [...history.messages])).size,
        bytes: sum(sessions, ({ size }) => size)
      }))
    },

    list: (query) => Effect.suspend(() => pageOfSessions(Iterable.map(sessions.values(), ({ info }) => info), query)),

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
      withSession(id, (session) => Either.map(session.ownedBy(epoch), (owned) => owned.apply(changes))),

    remove: (id, epoch) =>
      Effect.suspend(() => {
        const session = sessions.get(id)
        if (!session) return Effect.void
        return Either.map(session.ownedBy(epoch), () => void sessions.delete(id))
      }),

    cleanup: (before, status) =>
      Effect.sync(() => {
        const resting = [...sessions.values()].filter(({ info, turns }) =>
          !turns.hasOpen && DateTime.lessThan(info.lastActivityAt, before) &&
          (status === undefined || info.status === status)
        )
        for (const { info } of resting) sessions.delete(info.id)
        return resting.length
      }),

    unfinished: Effect.sync(() =>
      [...sessions.values()].filter(({ isUnfinished }) => isUnfinished).map(({ info }) => info.id).toSorted()
    ),

    due: (now, limit) =>
      Effect.sync(() => Arr.take(Iterable.flatMap(sessions.values(), (session) => dueOf(session, now)), limit)),

    health: Effect.sync(() => ({
      name: "memory",
      durability: "memory",
      ok: true,
      sessions: sessions.size,
      bytes: sum(sessions, ({ size }) => size)
    }))
  }
}

const sum = (sessions: ReadonlyMap<SessionId, MemorySession>, of: (session: MemorySession) => number): number =>
  Iterable.reduce(sessions.values(), 0, (total, session) => total + of(session))
