import * as Arr from "effect/Array"
import * as Chunk from "effect/Chunk"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { DeadLetter, ReplayDeadLetters, ReplayOutcome } from "../../domain/DeadLetter.js"
import type { AccessError } from "../../domain/error/SessionError.js"
import type { StoreError } from "../../domain/error/StoreError.js"
import type { SessionEvent } from "../../domain/Events.js"
import type { SessionId, UserId } from "../../domain/Ids.js"
import type { Cursor } from "../../domain/Page.js"
import type { SessionStatus } from "../../domain/Session.js"
import { encodeLine } from "../../domain/SessionLines.js"
import type { CleanupOutcome, CleanupSessions, ErasureReceipt } from "../../domain/Store.js"
import {
  type ExportSessions,
  type ImportOptions,
  type ImportOutcome,
  renumber,
  type SessionExport
} from "../../domain/Transfer.js"
import type { HookBus } from "../HookBus.js"
import type { SessionHost } from "../SessionHost.js"
import type { ErasedSession, SessionStore } from "../SessionStore.js"
import { usageOfRecord } from "./usage.js"

/**
 * Stores a session, and has hooks told of it if there are any: `delivered` is what the store is to say of that.
 */
export type AddSession = <A, E>(
  id: SessionId,
  add: (delivered: 0 | 1) => Effect.Effect<A, E>
) => Effect.Effect<A, E>

const defaultLimit = 1000
const atOnceCleanupSessions = 4

const statusesFor: Readonly<Record<CleanupOutcome["action"], ReadonlyArray<SessionStatus>>> = {
  archive: ["active", "idle", "error"],
  delete: ["active", "idle", "archived", "error"]
}

/**
 * Archives or deletes sessions that rest, each by its actor, which looks again whether it does.
 */
export const cleanupSessions = Effect.fnUntraced(function*(
  store: SessionStore["Type"],
  retire: SessionHost["Type"]["expire"],
  { action = "delete", before: given, dryRun = false, limit = defaultLimit, olderThan = Duration.zero, status }:
    CleanupSessions
) {
  const before = given ?? DateTime.subtractDuration(yield* DateTime.now, olderThan)
  const statuses = statusesFor[action].filter((each) => status === undefined || each === status)
  const found = yield* store.idle(before, statuses, limit + 1)
  const chosen = Arr.take(found, limit)
  const more = found.length > limit
  if (dryRun) return { action, sessions: chosen, spared: [], more }

  const retireOne = (id: SessionId) =>
    Effect.map(
      Effect.catchTags(retire(id, action, before), {
        OwnershipLost: () => Effect.succeed(false),
        SessionBusy: () => Effect.succeed(false),
        SessionNotFound: () => Effect.succeed(false),
        SessionStateError: () => Effect.succeed(false),
        SessionUnavailable: () => Effect.succeed(false)
      }),
      (isDone) => ({ id, isDone })
    )
  const all = yield* Effect.forEach(chosen, retireOne, { concurrency: atOnceCleanupSessions })
  const [spared, done] = Arr.partition(all, ({ isDone }) => isDone)
  return {
    action,
    sessions: done.map(({ id }) => id),
    spared: spared.map(({ id }) => id),
    more
  } satisfies CleanupOutcome
})

/** Their actors all wait for the same disk. */
const atOnce = 4

/**
 * Deletes a user's sessions, each by its actor, those that begin meanwhile too, and then what is left of them in the store. It
 * can be repeated until it succeeds.
 */
export const eraseUser = Effect.fnUntraced(function*(
  store: SessionStore["Type"],
  erase: SessionHost["Type"]["erase"],
  userId: UserId
) {
  const erased: Array<ErasedSession> = []
  const eraseOne = (id: SessionId) =>
    Effect.catchTag(Effect.asSome(erase(id)), "SessionNotFound", () => Effect.succeedNone)
  const eraseSome = Effect.gen(function*() {
    const { items } = yield* store.list({ userId })
    const all = yield* Effect.forEach(items, ({ id }) => eraseOne(id), { concurrency: atOnce })
    erased.push(...all.flatMap(Option.toArray))
    return items.length > 0
  })
  yield* Effect.repeat(eraseSome, { while: (isMore) => isMore })
  const rollupDays = yield* store.removeUsageOf(userId)
  yield* store.purge

  const sum = (of: (session: ErasedSession) => number) => erased.reduce((total, session) => total + of(session), 0)
  return {
    userId,
    at: yield* DateTime.now,
    sessions: erased.length,
    messages: sum(({ messages }) => messages),
    turns: sum(({ turns }) => turns),
    sharedMessages: sum(({ sharedMessages }) => sharedMessages),
    rollupDays,
    providerCopies: {
      removed: sum(({ isForgotten }) => Number(isForgotten === true)),
      failed: sum(({ isForgotten }) => Number(isForgotten === false))
    }
  } satisfies ErasureReceipt
})

/**
 * The sessions that match, whole, newest first. One is held at a time; those that are deleted meanwhile are left out.
 */
export const exportSessions = (
  store: SessionStore["Type"],
  query: ExportSessions
): Stream.Stream<SessionExport, AccessError> =>
  Stream.paginateChunkEffect(Option.none<Cursor>(), (cursor) =>
    Effect.map(
      store.list({ ...query, ...(Option.isSome(cursor) && { cursor: cursor.value }) }),
      ({ items, next }) => [Chunk.unsafeFromArray(items), Option.map(Option.fromNullable(next), Option.some)]
    )).pipe(
      Stream.mapEffect(({ id }) =>
        Effect.catchTag(Effect.asSome(store.export(id)), "SessionNotFound", () => Effect.succeedNone)
      ),
      Stream.filterMap((record) => record)
    )

/** Where renumbered ids come from unless told. */
const defaultNamespace = "9c2b1f0e-5d5c-4b7a-8a43-3f1f2d6f4a10"

/**
 * Restores a session that is not there yet. One that is there is never touched.
 */
export const importSession = Effect.fnUntraced(function*(
  store: SessionStore["Type"],
  addSession: AddSession,
  record: SessionExport,
  { ids = "keep", namespace = defaultNamespace }: ImportOptions
) {
  const wanted = ids === "keep" ? record : renumber(record, namespace)
  const { session } = wanted

  const restore: Effect.Effect<ImportOutcome["outcome"], StoreError> = Effect.gen(function*() {
    const isNew = yield* addSession(
      session.id,
      (delivered) => store.restore(wanted, usageOfRecord(wanted), delivered)
    )
    if (isNew) return "imported" as const
    const isSame = Effect.zipWith(
      textOf(yield* store.export(session.id)),
      textOf(wanted),
      (there, here) => there === here
    )
    return (yield* isSame) ? "unchanged" as const : "conflict" as const
  }).pipe(
    // It was deleted in between.
    Effect.catchTag("SessionNotFound", () => restore)
  )

  return { recordId: record.session.id, sessionId: session.id, outcome: yield* restore }
})

/** To rest or to wake changes nothing of a session. */
const textOf = (record: SessionExport) => {
  const { session } = record
  return encodeLine({
    ...record,
    session: { ...session, status: session.status === "idle" ? "active" : session.status }
  })
}

const pageSize = 100

/**
 * Tells hooks again of what they have given up on, in the order in which that happened, which is that of each session's
 * events. One replay at a time: two would tell the same hook the same thing.
 */
export const makeReplay = (store: SessionStore["Type"], hooks: HookBus["Type"]) => {
  const oneAtATime = Effect.unsafeMakeSemaphore(1)

  const eventOf = ({ event: tag, number, sessionId }: DeadLetter) =>
    tag === "SessionDeleted"
      ? store.deletion(sessionId)
      : store.events(sessionId, number - 1, 1).pipe(
        Effect.map((events) => Option.fromNullable(events.find((event) => event.number === number))),
        Effect.catchTag("SessionNotFound", () => Effect.succeed(Option.none<SessionEvent>()))
      )

  const replayOne = Effect.fnUntraced(function*(letter: DeadLetter) {
    const event = yield* eventOf(letter)
    if (Option.isNone(event)) return yield* Effect.as(store.removeDeadLetter(letter), "gone" as const)
    return yield* hooks.replay(letter.hook, event.value).pipe(
      Effect.flatMap(Option.match({
        onNone: () => Effect.as(store.removeDeadLetter(letter), "told" as const),
        onSome: ({ at, attempts, reason }) =>
          Effect.as(
            store.updateDeadLetter({ ...letter, at, reason, attempts: letter.attempts + attempts }),
            "failed" as const
          )
      })),
      Effect.catchTag("ConfigurationError", () => Effect.succeed("unknown" as const))
    )
  })

  return Effect.fnUntraced(
    function*({ limit = 100, ...query }: ReplayDeadLetters) {
      const outcome = { told: 0, gone: 0, failed: 0, unknown: 0 } satisfies ReplayOutcome
      let left = limit
      let cursor: Cursor | undefined
      do {
        const page = yield* store.deadLetters({
          ...query,
          limit: Math.min(left, pageSize),
          ...(cursor !== undefined && { cursor })
        })
        for (const letter of page.items) outcome[yield* replayOne(letter)] += 1
        left -= page.items.length
        cursor = page.next
      } while (cursor !== undefined && left > 0)
      return outcome
    },
    oneAtATime.withPermits(1)
  )
}
