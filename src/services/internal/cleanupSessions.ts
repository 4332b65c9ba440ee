import * as Arr from "effect/Array"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { CleanupOutcome, CleanupSessions } from "../../domain/CleanupSessions.js"
import type { SessionId } from "../../domain/SessionId.js"
import type { SessionStatus } from "../../domain/SessionStatus.js"
import type { SessionHost } from "../SessionHost.js"
import type { SessionStore } from "../SessionStore.js"

const defaultLimit = 1000
const atOnce = 4

const statusesFor: Readonly<Record<CleanupOutcome["action"], ReadonlyArray<SessionStatus>>> = {
  archive: ["active", "idle", "error"],
  delete: ["active", "idle", "archived", "error"]
}

/**
 * Archives or deletes sessions that rest, each by its actor, which looks again whether it does.
 */
export const cleanupSessions = Effect.fnUntraced(function*(
  store: SessionStore["Type"],
  retire: SessionHost["Type"]["retire"],
  { action = "delete", before: given, dryRun = false, limit = defaultLimit, olderThan = Duration.zero, status }:
    CleanupSessions
) {
  const before = given ?? DateTime.subtractDuration(yield* DateTime.now, olderThan)
  const statuses = statusesFor[action].filter((each) => status === undefined || each === status)
  const found = yield* store.resting(before, statuses, limit + 1)
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
  const all = yield* Effect.forEach(chosen, retireOne, { concurrency: atOnce })
  const [spared, done] = Arr.partition(all, ({ isDone }) => isDone)
  return {
    action,
    sessions: done.map(({ id }) => id),
    spared: spared.map(({ id }) => id),
    more
  } satisfies CleanupOutcome
})
