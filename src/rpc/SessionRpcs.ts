import * as Rpc from "@effect/rpc/Rpc"
import * as RpcGroup from "@effect/rpc/RpcGroup"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { v4 } from "uuid"
import { Analytics, AnalyticsQuery } from "../domain/Analytics.js"
import { DeadLetter, DeadLetterQuery, ReplayDeadLetters, ReplayOutcome } from "../domain/DeadLetter.js"
import { ConfigurationError, InternalError } from "../domain/error/RequestError.js"
import {
  AccessError,
  ChangeError,
  MessageNotFound,
  SendError,
  SessionNotFound,
  SlowConsumer,
  TurnNotFound
} from "../domain/error/SessionError.js"
import { NotSupported } from "../domain/error/StoreError.js"
import { FeedEvent, TurnEvent, WatchSession } from "../domain/Events.js"
import { BackupName, MessageId, SessionId, TurnId, UserId } from "../domain/Ids.js"
import { Message, MessageContent, MessageQuery } from "../domain/Message.js"
import { Page } from "../domain/Page.js"
import { ProviderInfo, ProviderName } from "../domain/Provider.js"
import { SearchHit, TextQuery } from "../domain/Search.js"
import { EditOutcome, EditTurn, SendMessage, StopOutcome, StopTurn, TurnReceipt } from "../domain/Send.js"
import {
  ConfigureSession,
  CreateSession,
  ForkSession,
  RewindSession,
  SessionInfo,
  SessionQuery
} from "../domain/Session.js"
import { ContextPatch, SessionContext } from "../domain/SessionContext.js"
import { SessionMetrics } from "../domain/SessionMetrics.js"
import {
  CleanupOutcome,
  CleanupSessions,
  ErasureReceipt,
  Health,
  StoreBackup,
  StoreOptimization,
  StoreStats
} from "../domain/Store.js"
import { ExportSessions, ImportOptions, ImportOutcome, SessionExport } from "../domain/Transfer.js"
import { Turn } from "../domain/Turn.js"
import { Authentication } from "./Authentication.js"

/** Characters: whatever they are, they take less than a call may. */
export const maxPartLength = 256 * 1024

/**
 * A piece of a session that is imported: a call is far smaller than a session may be. The last piece answers what became of
 * the session, the others answer nothing.
 */
export const ImportPart = Schema.Struct({
  /** Names the import that the piece is of. */
  upload: Schema.UUID,
  /** Its place: 0, 1, 2, ... */
  index: Schema.NonNegativeInt,
  text: Schema.String.pipe(Schema.maxLength(maxPartLength)),
  last: Schema.Boolean,
  options: ImportOptions
})
export interface ImportPart extends Schema.Schema.Type<typeof ImportPart> {}

/**
 * How a defect travels: as an `InternalError`, whatever was thrown. What was thrown goes to the log, under the same id.
 */
export const SanitizedDefect: Schema.Schema<unknown, typeof InternalError.Encoded> = Schema.transformOrFail(
  InternalError,
  Schema.Unknown,
  { strict: true, decode: ParseResult.succeed, encode: (defect) => confine(defect) }
)

const confine = Effect.fnUntraced(function*(defect: unknown) {
  const correlationId = v4()
  yield* Effect.logError("A call ended in a defect", Cause.die(withoutValues(defect))).pipe(
    Effect.annotateLogs({ correlationId })
  )
  return new InternalError({ correlationId })
})

// @effect/rpc reports an answer that does not fit its schema as a text that quotes the answer.
const withoutValues = (defect: unknown) => typeof defect === "string" ? defect.replaceAll(/, actual .*$/gm, "") : defect

const sessionId = SessionId
const ReadError = Schema.Union(AccessError, SessionNotFound)
const StoreCallError = Schema.Union(AccessError, NotSupported)
const HistoryError = Schema.Union(ChangeError, MessageNotFound)
const defect = SanitizedDefect

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
