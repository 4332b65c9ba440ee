import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { Analytics, AnalyticsQuery } from "../domain/Analytics.js"
import type { DeadLetter, DeadLetterQuery, ReplayDeadLetters, ReplayOutcome } from "../domain/DeadLetter.js"
import type { ConfigurationError } from "../domain/error/RequestError.js"
import type {
  AccessError,
  ChangeError,
  MessageNotFound,
  SessionNotFound,
  TurnNotFound
} from "../domain/error/SessionError.js"
import type { NotSupported } from "../domain/error/StoreError.js"
import type { BackupName, MessageId, SessionId, TurnId, UserId } from "../domain/Ids.js"
import type { Message, MessageQuery } from "../domain/Message.js"
import type { Page } from "../domain/Page.js"
import type { ProviderInfo } from "../domain/Provider.js"
import type { SearchHit, TextQuery } from "../domain/Search.js"
import type { CreateSession, ForkSession, SessionInfo, SessionQuery } from "../domain/Session.js"
import type { SessionContext } from "../domain/SessionContext.js"
import type { SessionMetrics } from "../domain/SessionMetrics.js"
import type {
  CleanupOutcome,
  CleanupSessions,
  ErasureReceipt,
  Health,
  StoreBackup,
  StoreOptimization,
  StoreStats
} from "../domain/Store.js"
import type { ExportSessions, ImportOptions, ImportOutcome, SessionExport } from "../domain/Transfer.js"
import type { Turn } from "../domain/Turn.js"
import type { SessionHost } from "./SessionHost.js"

/**
 * What a `SessionManager` is made of, in process and over the wire: one function an operation, each on input that has been
 * checked. The changes of a session are those of a host. See `Session` and `SessionManager` for what they do.
 */
export interface SessionOperations extends Omit<SessionHost["Type"], "activate" | "erase" | "expire" | "stats"> {
  readonly create: (input: CreateSession) => Effect.Effect<SessionId, AccessError | ConfigurationError>
  readonly getOrCreate: (input: CreateSession) => Effect.Effect<SessionId, AccessError | ConfigurationError>
  readonly list: (query: SessionQuery) => Effect.Effect<Page<SessionInfo>, AccessError>
  readonly searchMessages: (query: TextQuery) => Effect.Effect<Page<SearchHit>, AccessError | NotSupported>
  readonly optimize: Effect.Effect<StoreOptimization, AccessError | NotSupported>
  readonly stats: Effect.Effect<StoreStats, AccessError | NotSupported>
  readonly backup: (name: BackupName) => Effect.Effect<StoreBackup, AccessError | NotSupported>
  readonly listProviders: Effect.Effect<ReadonlyArray<ProviderInfo>, AccessError>
  readonly providerInfo: (name: string) => Effect.Effect<ProviderInfo, AccessError | ConfigurationError>
  readonly exportSessions: (query: ExportSessions) => Stream.Stream<SessionExport, AccessError>
  readonly importSession: (record: SessionExport, options: ImportOptions) => Effect.Effect<ImportOutcome, AccessError>
  readonly eraseUser: (userId: UserId) => Effect.Effect<ErasureReceipt, ChangeError>
  readonly cleanup: (cleanup: CleanupSessions) => Effect.Effect<CleanupOutcome, AccessError>
  readonly analytics: (query: AnalyticsQuery) => Effect.Effect<Analytics, AccessError>
  readonly health: Effect.Effect<Health, AccessError>
  readonly deadLetters: (query: DeadLetterQuery) => Effect.Effect<Page<DeadLetter>, AccessError>
  readonly replayDeadLetters: (replay: ReplayDeadLetters) => Effect.Effect<ReplayOutcome, AccessError>

  readonly info: (id: SessionId) => Effect.Effect<SessionInfo, SessionNotFound | AccessError>
  readonly context: (id: SessionId) => Effect.Effect<SessionContext, SessionNotFound | AccessError>
  readonly metrics: (id: SessionId) => Effect.Effect<SessionMetrics, SessionNotFound | AccessError>
  readonly turns: (id: SessionId) => Effect.Effect<ReadonlyArray<Turn>, SessionNotFound | AccessError>
  readonly turn: (id: SessionId, turnId: TurnId) => Effect.Effect<Turn, TurnNotFound | SessionNotFound | AccessError>
  readonly messages: (
    id: SessionId,
    query: MessageQuery
  ) => Effect.Effect<Page<Message>, SessionNotFound | AccessError>
  readonly message: (
    id: SessionId,
    messageId: MessageId
  ) => Effect.Effect<Message, MessageNotFound | SessionNotFound | AccessError>
  readonly export: (id: SessionId) => Effect.Effect<SessionExport, SessionNotFound | AccessError>
  readonly fork: (
    id: SessionId,
    fork: ForkSession
  ) => Effect.Effect<SessionId, ChangeError | ConfigurationError | MessageNotFound>
}
