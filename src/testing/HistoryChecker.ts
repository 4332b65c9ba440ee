import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import type { InvalidRequest } from "../domain/error/RequestError.js"
import type { StoreError } from "../domain/error/StoreError.js"
import type { SessionId } from "../domain/Ids.js"
import type { SessionStore } from "../services/SessionStore.js"
import { checkFeeds } from "./internal/history/checkFeeds.js"
import { checkOrder } from "./internal/history/checkOrder.js"
import { checkSends, checkTurns } from "./internal/history/checkSends.js"
import { broken, type BrokenPromise, entriesOf, LogEntry, readHistory } from "./internal/history/log.js"

export interface CheckOptions {
  /**
   * All work has finished: no client waits, and each watcher has received every event. Open turns and missing events are then broken
   * promises too. Default: true.
   */
  readonly settled?: boolean
}

/**
 * Compares what clients, watchers and providers observed with what the store has, and returns every broken promise; an empty list
 * when all are kept. It takes no ownership, so it can check a store that is in use. Sessions that a watcher has seen deleted are
 * skipped.
 */
export const check = (
  log: ReadonlyArray<LogEntry>,
  { settled = true }: CheckOptions = {}
): Effect.Effect<ReadonlyArray<BrokenPromise>, InvalidRequest | StoreError, SessionStore> => {
  const deleted = new Set(
    entriesOf(log, "Fed").filter(({ event }) => event._tag === "SessionDeleted").map(({ sessionId }) => sessionId)
  )
  const sessions = Arr.groupBy(log.filter(({ sessionId }) => !deleted.has(sessionId)), ({ sessionId }) => sessionId)
  return Effect.map(
    Effect.forEach(Object.values(sessions), (ofSession) => checkSession(ofSession[0].sessionId, ofSession, settled)),
    Arr.flatten
  )
}

const checkSession = (sessionId: SessionId, log: ReadonlyArray<LogEntry>, settled: boolean) =>
  readHistory(sessionId).pipe(
    Effect.map((history) => [
      ...checkOrder(history),
      ...checkTurns(history, log, settled),
      ...checkSends(history, log),
      ...checkFeeds(history, log, settled)
    ]),
    Effect.catchTag(
      "SessionNotFound",
      () => Effect.succeed(wasSeen(log) ? [broken("SessionMissing", sessionId, "the store does not have it")] : [])
    )
  )

/** Whether the log has an observation that only an existing session can produce. */
const wasSeen = (log: ReadonlyArray<LogEntry>): boolean =>
  log.some(({ _tag }) => _tag === "Accepted" || _tag === "Replied" || _tag === "Fed")

export { type BrokenPromise, LogEntry }
