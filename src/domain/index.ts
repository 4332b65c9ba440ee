export { Analytics, AnalyticsGroup, AnalyticsQuery, Latency, Usage } from "./Analytics.js"
export { DeadLetter, DeadLetterQuery, ReplayDeadLetters, ReplayOutcome } from "./DeadLetter.js"
export * from "./error/ProviderError.js"
export {
  ConfigurationError,
  Disconnected,
  InternalError,
  InvalidRequest,
  ServerBusy,
  ShuttingDown,
  Unauthorized
} from "./error/RequestError.js"
export * from "./error/SessionError.js"
export * from "./error/StoreError.js"
export * from "./error/TurnError.js"
export {
  FeedEvent,
  FeedPosition,
  SessionEvent,
  TurnAccepted,
  TurnCompleted,
  TurnDelta,
  TurnEvent,
  TurnStarted,
  WatchSession
} from "./Events.js"
export * from "./Ids.js"
export { DateTimeFromInput, DurationFromInput } from "./Input.js"
export { type JsonObject, JsonRecord, type JsonValue } from "./Json.js"
export { toMarkdown } from "./Markdown.js"
export * from "./Message.js"
export { Cursor, Page } from "./Page.js"
export * from "./Provider.js"
export { UsageEntry } from "./Rollup.js"
export { SearchHit, TextQuery } from "./Search.js"
export { SnippetPiece } from "./SearchWords.js"
export * from "./Send.js"
export * from "./Session.js"
export { mergeSessionConfigs, SessionConfig, sessionConfigProblems } from "./SessionConfig.js"
export {
  ContextPatch,
  ContextScope,
  getContextValue,
  makeSessionContext,
  mergeContexts,
  SessionContext,
  setContextValue,
  updateContext
} from "./SessionContext.js"
export * as SessionLines from "./SessionLines.js"
export { averageResponseTimeMs, countMessage, sessionDuration, SessionMetrics, totalTokens } from "./SessionMetrics.js"
export {
  CleanupOutcome,
  CleanupSessions,
  Durability,
  ErasureReceipt,
  Health,
  ServerStatus,
  StoreBackup,
  StoreOptimization,
  StoreStats
} from "./Store.js"
export { ExportSessions, ImportOptions, ImportOutcome, SessionExport } from "./Transfer.js"
export {
  Attempt,
  BusyPolicy,
  Cost,
  MiddlewareSkipped,
  OnUnknown,
  Prompt,
  Turn,
  TurnNotice,
  TurnStatus
} from "./Turn.js"
