// For authors of stores. `langswarm-session/testing` has the conformance suite that a store must pass.

export { Analytics, AnalyticsQuery } from "../domain/Analytics.js"
export { DeadLetter, DeadLetterQuery } from "../domain/DeadLetter.js"
export { ConfigurationError, InvalidRequest } from "../domain/error/RequestError.js"
export { MessageNotFound, SessionNotFound } from "../domain/error/SessionError.js"
export { NotSupported, OwnershipLost, StoreError } from "../domain/error/StoreError.js"
export { SessionEvent } from "../domain/Events.js"
export { BackupName, Epoch, IdempotencyKey, MessageId, SessionId, TurnId, UserId } from "../domain/Ids.js"
export { Message, MessageQuery } from "../domain/Message.js"
export { Cursor, makeCursorCodec, Page } from "../domain/Page.js"
export {
  addRollups,
  emptyRollup,
  latencyBucket,
  Rollup,
  startOfDay,
  toUsage,
  toUtcDay,
  UsageEntry
} from "../domain/Rollup.js"
export { SearchHit, TextQuery } from "../domain/Search.js"
export {
  findMatches,
  type SearchTerm,
  SnippetPiece,
  type TextRange,
  toSearchTerms,
  toSnippet,
  toWords,
  type Word
} from "../domain/SearchWords.js"
export { acceptsMessages, canTransition, SessionInfo, SessionQuery, SessionStatus } from "../domain/Session.js"
export { SessionContext } from "../domain/SessionContext.js"
export { countAttempt, countMessage, emptySessionMetrics, SessionMetrics } from "../domain/SessionMetrics.js"
export { encodedBytes, maxEventBytes, maxPageBytes, takeBytes } from "../domain/Size.js"
export { Durability, StoreBackup, StoreOptimization, StoreStats } from "../domain/Store.js"
export { SessionExport } from "../domain/Transfer.js"
export { Turn } from "../domain/Turn.js"
export { type SessionChanges, SessionChangesFromJson } from "../services/SessionChanges.js"
export {
  type ErasedSession,
  type ExpiringSession,
  SessionDeletion,
  type SessionFootprint,
  type SessionSnapshot,
  SessionStore,
  type StoreMaintenance
} from "../services/SessionStore.js"
