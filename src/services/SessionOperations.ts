import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { Analytics } from "../domain/Analytics.js"
import type { AnalyticsQuery } from "../domain/AnalyticsQuery.js"
import type { BackupName } from "../domain/BackupName.js"
import type { CleanupOutcome, CleanupSessions } from "../domain/CleanupSessions.js"
import type { CreateSession } from "../domain/CreateSession.js"
import type { DeadLetter } from "../domain/DeadLetter.js"
import type { DeadLetterQuery } from "../domain/DeadLetterQuery.js"
import type { ErasureReceipt } from "../domain/ErasureReceipt.js"
import type { AccessError } from "../domain/error/AccessError.js"
import type { ChangeError } from "../domain/error/ChangeError.js"
import type { ConfigurationError } from "../domain/error/ConfigurationError.js"
import type { MessageNotFound } from "../domain/error/MessageNotFound.js"
import type { NotSupported } from "../domain/error/NotSupported.js"
import type { SessionNotFound } from "../domain/error/SessionNotFound.js"
import type { TurnNotFound } from "../domain/error/TurnNotFound.js"
import type { ExportSessions } from "../domain/ExportSessions.js"
import type { ForkSession } from "../domain/ForkSession.js"
import type { Health } from "../domain/Health.js"
import type { ImportOptions, ImportOutcome } from "../domain/ImportSession.js"
import type { Message } from "../domain/Message.js"
import type { MessageId } from "../domain/MessageId.js"
import type { MessageQuery } from "../domain/MessageQuery.js"
import type { Page } from "../domain/Page.js"
import type { ProviderInfo } from "../domain/ProviderInfo.js"
import type { ReplayDeadLetters, ReplayOutcome } from "../domain/ReplayDeadLetters.js"
import type { SearchHit } from "../domain/SearchHit.js"
import type { SessionContext } from "../domain/SessionContext.js"
import type { SessionExport } from "../domain/SessionExport.js"
import type { SessionId } from "../domain/SessionId.js"
import type { SessionInfo } from "../domain/SessionInfo.js"
import type { SessionMetrics } from "../domain/SessionMetrics.js"
import type { SessionQuery } from "../domain/SessionQuery.js"
import type { StoreBackup } from "../domain/StoreBackup.js"
import type { StoreOptimization } from "../domain/StoreOptimization.js"
import type { StoreStats } from "../domain/StoreStats.js"
import type { TextQuery } from "../domain/TextQuery.js"
import type { Turn } from "../domain/Turn.js"
import type { TurnId } from "../domain/TurnId.js"
import type { UserId } from "../domain/UserId.js"
import type { SessionHost } from "./SessionHost.js"

/**
 * What a `SessionManager` is made of, in process and over the wire: one function an operation, each on input that has been
 * checked. The changes of a session are those of a host. See `Session` and `SessionManager` for what they do.
 */
export interface SessionOperations extends Omit<SessionHost["Type"], "announce" | "erase" | "load" | "retire"> {
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
