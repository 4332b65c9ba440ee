// What applications use. Authors of stores, of providers and of kinds find the rest in `langswarm-session/store`, `/provider`
// and `/registry`, and all schemas in `langswarm-session/domain`.

export {
  AccessError,
  Analytics,
  AnalyticsQuery,
  ChangeError,
  ConfigurationError,
  ContextPatch,
  CreateSession,
  Cursor,
  DeadLetter,
  DeadlineExceeded,
  Disconnected,
  ErasureReceipt,
  FeedEvent,
  FeedPosition,
  Health,
  IdempotencyConflict,
  IdempotencyKey,
  InternalError,
  InvalidRequest,
  JsonRecord,
  type JsonValue,
  LimitExceeded,
  Message,
  MessageId,
  MessageNotFound,
  MessageQuery,
  MiddlewareError,
  NotSupported,
  OwnershipLost,
  Page,
  Part,
  Prompt,
  ProviderAuth,
  ProviderInfo,
  ProviderProtocol,
  ProviderQuota,
  ProviderRejected,
  ProviderTransient,
  SearchHit,
  SendError,
  SendMessage,
  SendOutcome,
  ServerBusy,
  SessionBusy,
  SessionConfig,
  SessionContext,
  SessionError,
  SessionEvent,
  SessionExport,
  SessionId,
  SessionInfo,
  SessionLines,
  SessionMetrics,
  SessionNotFound,
  SessionQuery,
  SessionStateError,
  SessionStatus,
  SessionUnavailable,
  ShuttingDown,
  SlowConsumer,
  StoreError,
  TextQuery,
  TokenUsage,
  toMarkdown,
  Turn,
  TurnEvent,
  TurnInterrupted,
  TurnNotFound,
  TurnReceipt,
  TurnStatus,
  TurnStopped,
  Unauthorized,
  Usage,
  UserId
} from "./domain/index.js"
export * as AlertingHook from "./layers/hook/AlertingHook.js"
export * as AuditLoggingHook from "./layers/hook/AuditLoggingHook.js"
export * as CleanupHook from "./layers/hook/CleanupHook.js"
export * as LoggingHook from "./layers/hook/LoggingHook.js"
export * as MetricsCollectionHook from "./layers/hook/MetricsCollectionHook.js"
export * as SessionBackupHook from "./layers/hook/SessionBackupHook.js"
export * as UserBehaviorHook from "./layers/hook/UserBehaviorHook.js"
export * as LocalSessionHost from "./layers/host/LocalSessionHost.js"
export * as AnalyticsMiddleware from "./layers/middleware/AnalyticsMiddleware.js"
export * as ContentFilterMiddleware from "./layers/middleware/ContentFilterMiddleware.js"
export * as LoggingMiddleware from "./layers/middleware/LoggingMiddleware.js"
export * as MetricsMiddleware from "./layers/middleware/MetricsMiddleware.js"
export * as PersonalizationMiddleware from "./layers/middleware/PersonalizationMiddleware.js"
export * as RateLimitMiddleware from "./layers/middleware/RateLimitMiddleware.js"
export * as SecurityMiddleware from "./layers/middleware/SecurityMiddleware.js"
export * as TokenBudgetMiddleware from "./layers/middleware/TokenBudgetMiddleware.js"
export * as GenAiPricing from "./layers/pricing/GenAiPricing.js"
export { AnthropicProvider, type AnthropicProviderOptions } from "./layers/provider/AnthropicProvider.js"
export * as ChatCompletionsProvider from "./layers/provider/ChatCompletionsProvider.js"
export type { MockReply, ScriptedReply } from "./layers/provider/mock/reply.js"
export { MockProvider, type MockProviderOptions } from "./layers/provider/MockProvider.js"
export type { ConversationItem, ConversationMetadata } from "./layers/provider/openai/conversations.js"
export { OpenAiProvider, type OpenAiProviderOptions } from "./layers/provider/OpenAiProvider.js"
export * as SessionRuntime from "./layers/SessionRuntime.js"
export { MemorySessionStore, type MemorySessionStoreOptions } from "./layers/store/MemorySessionStore.js"
export * as SqliteSessionStore from "./layers/store/SqliteSessionStore.js"
export * as SessionTelemetry from "./layers/telemetry/SessionTelemetry.js"
export type { Hook } from "./services/Hook.js"
export { HookBus } from "./services/HookBus.js"
export { IdGenerator } from "./services/IdGenerator.js"
export {
  type Middleware,
  type MiddlewareCondition,
  type MiddlewareContext,
  MiddlewareRefusal
} from "./services/Middleware.js"
export { MiddlewarePipeline } from "./services/MiddlewarePipeline.js"
export { type PricedCall, Pricing } from "./services/Pricing.js"
export { ProviderRegistry } from "./services/ProviderRegistry.js"
export { type SendInput, type Session, withSession } from "./services/Session.js"
export { SessionHost } from "./services/SessionHost.js"
export { SessionManager } from "./services/SessionManager.js"
export { SessionStore } from "./services/SessionStore.js"
