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
   * Everything has come to rest: no client waits, and each watcher was given all there is. Then a turn that is still open,
   * and an event that a watcher has not got, are broken promises too. True unless told.
   */
  readonly settled?: boolean
}

/**
 * Compares what clients, watchers and a provider have seen with what the store keeps of their sessions, and answers every
 * promise that is broken; nothing, when all are kept. It takes no ownership, so it can look at a store that is in use.
 * A session that a watcher has seen deleted is not looked at.
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

/** Whether anybody was told anything that only a session that is there can tell. */
const wasSeen = (log: ReadonlyArray<LogEntry>): boolean =>
  log.some(({ _tag }) => _tag === "Accepted" || _tag === "Replied" || _tag === "Fed")

export { type BrokenPromise, LogEntry }
