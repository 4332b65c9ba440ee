import * as Arr from "effect/Array"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { SessionId, UserId } from "../../domain/Ids.js"
import type { SessionStatus } from "../../domain/Session.js"
import type { CleanupOutcome, CleanupSessions, ErasureReceipt } from "../../domain/Store.js"
import type { SessionHost } from "../SessionHost.js"
import type { ErasedSession, SessionStore } from "../SessionStore.js"

/**
 * Archives or deletes inactive sessions, each through its actor, which checks again that it is inactive.
 */
export const cleanupSessions = Effect.fnUntraced(function*(
  store: SessionStore["Type"],
  expire: SessionHost["Type"]["expire"],
  { action = "delete", before: given, dryRun = false, limit = defaultLimit, olderThan = Duration.zero, status }:
    CleanupSessions
) {
  const before = given ?? DateTime.subtractDuration(yield* DateTime.now, olderThan)
  const statuses = statusesFor[action].filter((each) => status === undefined || each === status)
  const found = yield* store.idle(before, statuses, limit + 1)
  const chosen = Arr.take(found, limit)
  const more = found.length > limit
  if (dryRun) return { action, sessions: chosen, skipped: [], more }

  const expireOne = (id: SessionId) =>
    Effect.map(
      Effect.catchTags(expire(id, action, before), {
        OwnershipLost: () => Effect.succeed(false),
        SessionBusy: () => Effect.succeed(false),
        SessionNotFound: () => Effect.succeed(false),
        SessionStateError: () => Effect.succeed(false),
        SessionUnavailable: () => Effect.succeed(false)
      }),
      (isDone) => ({ id, isDone })
    )
  const all = yield* Effect.forEach(chosen, expireOne, { concurrency })
  const [skipped, done] = Arr.partition(all, ({ isDone }) => isDone)
  return {
    action,
    sessions: done.map(({ id }) => id),
    skipped: skipped.map(({ id }) => id),
    more
  } satisfies CleanupOutcome
})

/**
 * Deletes a user's sessions, each through its actor, including sessions created meanwhile, and then the user's remaining data
 * in the store. Safe to repeat until it succeeds.
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
    const all = yield* Effect.forEach(items, ({ id }) => eraseOne(id), { concurrency })
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

/** Sessions that are changed at a time. Their actors all wait for the same disk. */
const concurrency = 4

const defaultLimit = 1000

/** Statuses that an action applies to. */
const statusesFor: Readonly<Record<CleanupOutcome["action"], ReadonlyArray<SessionStatus>>> = {
  archive: ["active", "idle", "error"],
  delete: ["active", "idle", "archived", "error"]
}
