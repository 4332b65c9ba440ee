import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import assert from "node:assert/strict"
import type { SessionInfo } from "../../../domain/Session.js"
import type { SessionConfig } from "../../../domain/SessionConfig.js"
import { SessionStore } from "../../../services/SessionStore.js"
import { at, createSession, turnOf } from "./samples.js"
import { conformanceCase } from "./suite.js"

/** Earlier than the activity of all other sessions of the suite. */
const long = -4e9

const resting = (config: SessionConfig, over: Partial<SessionInfo> = {}) =>
  createSession({ ...over, lastActivityAt: at(long), config })

/** What is due for a session this many seconds after its last activity. */
const dueAfter = ({ id }: SessionInfo, seconds: number) =>
  Effect.map(
    Effect.flatMap(SessionStore, (store) => store.expiring(at(long + seconds), 1_000_000)),
    (due) => due.filter(({ sessionId }) => sessionId === id).map(({ action }) => action)
  )

/**
 * Sessions that are due to be archived or deleted.
 */
export const expiringCases = [
  conformanceCase(
    "lists a session for archiving and deletion as its configuration says",
    Effect.gen(function*() {
      const session = yield* resting({ autoArchiveAfter: Duration.seconds(60), autoDeleteAfter: Duration.seconds(90) })
      assert.deepEqual(yield* dueAfter(session, 59.999), [])
      assert.deepEqual(yield* dueAfter(session, 60), ["archive"])
      assert.deepEqual(yield* dueAfter(session, 89.999), ["archive"])
      assert.deepEqual(yield* dueAfter(session, 90), ["delete"])

      const forever = yield* resting({})
      assert.deepEqual(yield* dueAfter(forever, 1e9), [])
    })
  ),

  conformanceCase(
    "uses the earlier of sessionTimeoutMinutes and autoArchiveAfter",
    Effect.gen(function*() {
      const timeout = yield* resting({ sessionTimeoutMinutes: 1, autoArchiveAfter: Duration.seconds(61) })
      const archive = yield* resting({ sessionTimeoutMinutes: 1, autoArchiveAfter: Duration.seconds(59) })
      assert.deepEqual([yield* dueAfter(timeout, 59.999), yield* dueAfter(timeout, 60)], [[], ["archive"]])
      assert.deepEqual([yield* dueAfter(archive, 58.999), yield* dueAfter(archive, 59)], [[], ["archive"]])
    })
  ),

  conformanceCase(
    "ignores absent delays and rounds up to a full millisecond",
    Effect.gen(function*() {
      const never = yield* resting({
        sessionTimeoutMinutes: Number.MAX_SAFE_INTEGER,
        autoArchiveAfter: Duration.millis(1e300),
        autoDeleteAfter: Duration.millis(1e300)
      })
      const short = yield* resting({ autoArchiveAfter: Duration.nanos(1_500_000n) })
      assert.deepEqual(yield* dueAfter(never, 1e10), [])
      assert.deepEqual([yield* dueAfter(short, 0.001), yield* dueAfter(short, 0.002)], [[], ["archive"]])
    })
  ),

  conformanceCase(
    "counts from the last activity and skips sessions with an open turn or archived ones",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const session = yield* resting({ autoArchiveAfter: Duration.seconds(60), autoDeleteAfter: Duration.seconds(600) })
      const { id } = session
      const { epoch } = yield* store.open(id, 0)
      yield* store.commit(id, epoch, { turns: [turnOf(id, 1, { status: "calling" })] })
      assert.deepEqual([yield* dueAfter(session, 60), yield* dueAfter(session, 600)], [[], []])
      yield* store.commit(id, epoch, { turns: [turnOf(id, 1, { status: "completed" })], lastActivityAt: at(long + 10) })
      assert.deepEqual([yield* dueAfter(session, 69.999), yield* dueAfter(session, 70)], [[], ["archive"]])
      yield* store.commit(id, epoch, { status: "archived" })
      assert.deepEqual([yield* dueAfter(session, 70), yield* dueAfter(session, 610)], [[], ["delete"]])
      yield* store.commit(id, epoch, { status: "error" })
      assert.deepEqual(yield* dueAfter(session, 70), ["archive"])
    })
  ),

  conformanceCase(
    "lists at most the requested number of sessions",
    Effect.gen(function*() {
      const store = yield* SessionStore
      const config = { autoArchiveAfter: Duration.seconds(1) }
      yield* Effect.replicateEffect(resting(config), 2)
      yield* resting({ autoDeleteAfter: Duration.seconds(1) })
      assert.equal((yield* store.expiring(at(long + 1), 2)).length, 2)
      assert.deepEqual(yield* store.expiring(at(long + 1), 0), [])
    })
  )
]
