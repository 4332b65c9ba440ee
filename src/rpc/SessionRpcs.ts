import * as Rpc from "@effect/rpc/Rpc"
import * as RpcGroup from "@effect/rpc/RpcGroup"
import * as Schema from "effect/Schema"
import { Analytics } from "../domain/Analytics.js"
import { AnalyticsQuery } from "../domain/AnalyticsQuery.js"
import { BackupName } from "../domain/BackupName.js"
import { CleanupOutcome, CleanupSessions } from "../domain/CleanupSessions.js"
import { ConfigureSession } from "../domain/ConfigureSession.js"
import { ContextPatch } from "../domain/ContextPatch.js"
import { CreateSession } from "../domain/CreateSession.js"
import { DeadLetter } from "../domain/DeadLetter.js"
import { DeadLetterQuery } from "../domain/DeadLetterQuery.js"
import { EditOutcome, EditTurn } from "../domain/EditTurn.js"
import { ErasureReceipt } from "../domain/ErasureReceipt.js"
import { AccessError } from "../domain/error/AccessError.js"
import { ChangeError } from "../domain/error/ChangeError.js"
import { ConfigurationError } from "../domain/error/ConfigurationError.js"
import { MessageNotFound } from "../domain/error/MessageNotFound.js"
import { NotSupported } from "../domain/error/NotSupported.js"
import { SendError } from "../domain/error/SendError.js"
import { SessionNotFound } from "../domain/error/SessionNotFound.js"
import { SlowConsumer } from "../domain/error/SlowConsumer.js"
import { TurnNotFound } from "../domain/error/TurnNotFound.js"
import { ExportSessions } from "../domain/ExportSessions.js"
import { FeedEvent } from "../domain/FeedEvent.js"
import { ForkSession } from "../domain/ForkSession.js"
import { Health } from "../domain/Health.js"
import { ImportOutcome } from "../domain/ImportSession.js"
import { Message } from "../domain/Message.js"
import { MessageContent } from "../domain/MessageContent.js"
import { MessageId } from "../domain/MessageId.js"
import { MessageQuery } from "../domain/MessageQuery.js"
import { Page } from "../domain/Page.js"
import { ProviderInfo } from "../domain/ProviderInfo.js"
import { ProviderName } from "../domain/ProviderTarget.js"
import { ReplayDeadLetters, ReplayOutcome } from "../domain/ReplayDeadLetters.js"
import { RewindSession } from "../domain/RewindSession.js"
import { SearchHit } from "../domain/SearchHit.js"
import { SendMessage } from "../domain/SendMessage.js"
import { SessionContext } from "../domain/SessionContext.js"
import { SessionExport } from "../domain/SessionExport.js"
import { SessionId } from "../domain/SessionId.js"
import { SessionInfo } from "../domain/SessionInfo.js"
import { SessionMetrics } from "../domain/SessionMetrics.js"
import { SessionQuery } from "../domain/SessionQuery.js"
import { StopOutcome, StopTurn } from "../domain/StopTurn.js"
import { StoreBackup } from "../domain/StoreBackup.js"
import { StoreOptimization } from "../domain/StoreOptimization.js"
import { StoreStats } from "../domain/StoreStats.js"
import { TextQuery } from "../domain/TextQuery.js"
import { Turn } from "../domain/Turn.js"
import { TurnEvent } from "../domain/TurnEvent.js"
import { TurnId } from "../domain/TurnId.js"
import { TurnReceipt } from "../domain/TurnReceipt.js"
import { UserId } from "../domain/UserId.js"
import { WatchSession } from "../domain/WatchSession.js"
import { Authentication } from "./Authentication.js"
import { ImportPart } from "./ImportPart.js"
import { ConfinedDefect } from "./internal/ConfinedDefect.js"

const sessionId = SessionId
const ReadError = Schema.Union(AccessError, SessionNotFound)
const StoreCallError = Schema.Union(AccessError, NotSupported)
const HistoryError = Schema.Union(ChangeError, MessageNotFound)
const defect = ConfinedDefect

/**
 * What may be asked of a session server: the operations of `SessionManager` and `Session`, one call each. A call that does
 * not fit its schema fails with `InvalidRequest`; a defect of the server arrives as an `InternalError`.
 */
export class SessionRpcs extends RpcGroup.make(
  Rpc.make("Create", {
    payload: CreateSession,
    success: SessionId,
    error: Schema.Union(AccessError, ConfigurationError),
    defect
  }),
  Rpc.make("GetOrCreate", {
    payload: CreateSession,
    success: SessionId,
    error: Schema.Union(AccessError, ConfigurationError),
    defect
  }),
  Rpc.make("List", { payload: SessionQuery, success: Page(SessionInfo), error: AccessError, defect }),
  Rpc.make("SearchMessages", { payload: TextQuery, success: Page(SearchHit), error: StoreCallError, defect }),
  Rpc.make("Optimize", { success: StoreOptimization, error: StoreCallError, defect }),
  Rpc.make("Stats", { success: StoreStats, error: StoreCallError, defect }),
  Rpc.make("Backup", { payload: { name: BackupName }, success: StoreBackup, error: StoreCallError, defect }),
  Rpc.make("ListProviders", { success: Schema.Array(ProviderInfo), error: AccessError, defect }),
  Rpc.make("ProviderInfo", {
    payload: { name: ProviderName },
    success: ProviderInfo,
    error: Schema.Union(AccessError, ConfigurationError),
    defect
  }),
  Rpc.make("DeadLetters", { payload: DeadLetterQuery, success: Page(DeadLetter), error: AccessError, defect }),
  Rpc.make("ReplayDeadLetters", { payload: ReplayDeadLetters, success: ReplayOutcome, error: AccessError, defect }),
  Rpc.make("ExportSessions", {
    payload: ExportSessions,
    success: SessionExport,
    error: AccessError,
    stream: true,
    defect
  }),
  Rpc.make("ImportPart", { payload: ImportPart, success: Schema.NullOr(ImportOutcome), error: AccessError, defect }),
  Rpc.make("EraseUser", { payload: { userId: UserId }, success: ErasureReceipt, error: ChangeError, defect }),
  Rpc.make("Cleanup", { payload: CleanupSessions, success: CleanupOutcome, error: AccessError, defect }),
  Rpc.make("Analytics", { payload: AnalyticsQuery, success: Analytics, error: AccessError, defect }),
  Rpc.make("Health", { success: Health, error: AccessError, defect }),
  Rpc.make("Info", { payload: { sessionId }, success: SessionInfo, error: ReadError, defect }),
  Rpc.make("Context", { payload: { sessionId }, success: SessionContext, error: ReadError, defect }),
  Rpc.make("Metrics", { payload: { sessionId }, success: SessionMetrics, error: ReadError, defect }),
  Rpc.make("Turns", { payload: { sessionId }, success: Schema.Array(Turn), error: ReadError, defect }),
  Rpc.make("Turn", {
    payload: { sessionId, turnId: TurnId },
    success: Turn,
    error: Schema.Union(ReadError, TurnNotFound),
    defect
  }),
  Rpc.make("Messages", {
    payload: { sessionId, query: MessageQuery },
    success: Page(Message),
    error: ReadError,
    defect
  }),
  Rpc.make("Message", {
    payload: { sessionId, messageId: MessageId },
    success: Message,
    error: Schema.Union(ReadError, MessageNotFound),
    defect
  }),
  Rpc.make("Export", { payload: { sessionId }, success: SessionExport, error: ReadError, defect }),
  Rpc.make("Send", { payload: { sessionId, message: SendMessage }, success: Message, error: SendError, defect }),
  Rpc.make("Stream", {
    payload: { sessionId, message: SendMessage },
    success: TurnEvent,
    error: Schema.Union(SendError, SlowConsumer),
    stream: true,
    defect
  }),
  Rpc.make("Submit", { payload: { sessionId, message: SendMessage }, success: TurnReceipt, error: SendError, defect }),
  Rpc.make("Watch", {
    payload: { sessionId, watch: WatchSession },
    success: FeedEvent,
    error: Schema.Union(ChangeError, SlowConsumer),
    stream: true,
    defect
  }),
  Rpc.make("Pending", { payload: { sessionId }, success: Schema.Array(Turn), error: ChangeError, defect }),
  Rpc.make("Edit", { payload: { sessionId, edit: EditTurn }, success: EditOutcome, error: SendError, defect }),
  Rpc.make("Stop", { payload: { sessionId, stop: StopTurn }, success: StopOutcome, error: ChangeError, defect }),
  Rpc.make("SendSystem", {
    payload: { sessionId, content: MessageContent },
    success: Message,
    error: SendError,
    defect
  }),
  Rpc.make("UpdateContext", {
    payload: { sessionId, patch: ContextPatch },
    success: SessionContext,
    error: ChangeError,
    defect
  }),
  Rpc.make("Configure", {
    payload: { sessionId, changes: ConfigureSession },
    success: SessionInfo,
    error: Schema.Union(ChangeError, ConfigurationError),
    defect
  }),
  Rpc.make("Clear", { payload: { sessionId }, error: ChangeError, defect }),
  Rpc.make("Fork", {
    payload: { sessionId, fork: ForkSession },
    success: SessionId,
    error: Schema.Union(HistoryError, ConfigurationError),
    defect
  }),
  Rpc.make("Rewind", { payload: { sessionId, rewind: RewindSession }, error: HistoryError, defect }),
  Rpc.make("Archive", { payload: { sessionId }, error: ChangeError, defect }),
  Rpc.make("Reactivate", { payload: { sessionId }, error: ChangeError, defect }),
  Rpc.make("Delete", { payload: { sessionId }, error: ChangeError, defect })
).middleware(Authentication) {
  /** Where a server answers. */
  static readonly path = "/rpc"

  /** Calls that have no end of their own, so that a server which stops does not wait for it. */
  static readonly endless: ReadonlySet<string> = new Set(["Watch"])

  /** No call may be larger. */
  static readonly maxRequestBytes = 1024 * 1024
}
