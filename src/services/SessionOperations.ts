import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import { Analytics, AnalyticsQuery } from "../domain/Analytics.js"
import { DeadLetter, DeadLetterQuery, ReplayDeadLetters, ReplayOutcome } from "../domain/DeadLetter.js"
import { ConfigurationError } from "../domain/error/RequestError.js"
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
import { ExportSessions, type ImportOptions, type ImportOutcome, SessionExport } from "../domain/Transfer.js"
import { Turn } from "../domain/Turn.js"

/**
 * What one operation takes, returns and fails with. The server's calls, the remote client and the handles that applications
 * use are made from these rows, so an operation is described once.
 */
export interface Operation {
  /** The input: a record, or one named field. Absent when there is no input. */
  readonly payload?: Schema.Schema.Any | Schema.Struct.Fields
  /** Whether callers may omit the input, which is then `{}`. */
  readonly optional?: true
  /** Whether callers may pass a string in place of `{ content }`. */
  readonly text?: true
  /** Default: void. */
  readonly success?: Schema.Schema.Any
  readonly error: Schema.Schema.Any
  /** Whether the result is a stream of `success`. */
  readonly stream?: true
  /** Whether the result may be many kilobytes. A server makes few of these at once. */
  readonly large?: true
}

const CreateError = Schema.Union(AccessError, ConfigurationError)
const ReadError = Schema.Union(AccessError, SessionNotFound)
const StoreCallError = Schema.Union(AccessError, NotSupported)
const HistoryError = Schema.Union(ChangeError, MessageNotFound)

/**
 * Operations on all sessions. `SessionManager` documents them. `importSession` is not among them: it travels in parts.
 */
export const managerOperations = {
  create: { payload: CreateSession, success: SessionId, error: CreateError },
  getOrCreate: { payload: CreateSession, success: SessionId, error: CreateError },
  list: { payload: SessionQuery, success: Page(SessionInfo), error: AccessError, large: true },
  searchMessages: { payload: TextQuery, success: Page(SearchHit), error: StoreCallError, large: true },
  optimize: { success: StoreOptimization, error: StoreCallError },
  stats: { success: StoreStats, error: StoreCallError },
  backup: { payload: { name: BackupName }, success: StoreBackup, error: StoreCallError },
  listProviders: { success: Schema.Array(ProviderInfo), error: AccessError },
  providerInfo: { payload: { name: ProviderName }, success: ProviderInfo, error: CreateError },
  deadLetters: { payload: DeadLetterQuery, optional: true, success: Page(DeadLetter), error: AccessError, large: true },
  replayDeadLetters: { payload: ReplayDeadLetters, optional: true, success: ReplayOutcome, error: AccessError },
  exportSessions: { payload: ExportSessions, optional: true, success: SessionExport, error: AccessError, stream: true },
  eraseUser: { payload: { userId: UserId }, success: ErasureReceipt, error: ChangeError },
  cleanup: { payload: CleanupSessions, success: CleanupOutcome, error: AccessError },
  analytics: { payload: AnalyticsQuery, optional: true, success: Analytics, error: AccessError, large: true },
  health: { success: Health, error: AccessError }
} as const satisfies Record<string, Operation>

/**
 * Operations that read one session. The store answers them directly, except `fork`, which creates another session.
 */
export const sessionQueries = {
  info: { success: SessionInfo, error: ReadError },
  context: { success: SessionContext, error: ReadError, large: true },
  metrics: { success: SessionMetrics, error: ReadError },
  turns: { success: Schema.Array(Turn), error: ReadError, large: true },
  turn: { payload: { turnId: TurnId }, success: Turn, error: Schema.Union(ReadError, TurnNotFound) },
  messages: { payload: { query: MessageQuery }, optional: true, success: Page(Message), error: ReadError, large: true },
  message: {
    payload: { messageId: MessageId },
    success: Message,
    error: Schema.Union(ReadError, MessageNotFound),
    large: true
  },
  export: { success: SessionExport, error: ReadError, large: true },
  fork: {
    payload: { fork: ForkSession },
    optional: true,
    success: SessionId,
    error: Schema.Union(HistoryError, ConfigurationError)
  }
} as const satisfies Record<string, Operation>

/**
 * Operations that the session's actor serves, reached through a `SessionHost`.
 */
export const sessionCommands = {
  /** Returns once the turn is accepted. */
  submit: { payload: { message: SendMessage }, text: true, success: TurnReceipt, error: SendError },
  /** Returns once the reply is stored. Interrupting it does not stop the turn, unless it has `stopOnDisconnect`. */
  send: { payload: { message: SendMessage }, text: true, success: Message, error: SendError },
  /** Streams the turn's events. Ending the stream does not stop the turn, unless it has `stopOnDisconnect`. */
  stream: {
    payload: { message: SendMessage },
    text: true,
    success: TurnEvent,
    error: Schema.Union(SendError, SlowConsumer),
    stream: true
  },
  /** Replays the feed from a position, then continues live. Ends when the session is deleted. */
  watch: {
    payload: { watch: WatchSession },
    optional: true,
    success: FeedEvent,
    error: Schema.Union(ChangeError, SlowConsumer),
    stream: true
  },
  /** Waiting turns, in order. */
  pending: { success: Schema.Array(Turn), error: ChangeError },
  edit: { payload: { edit: EditTurn }, success: EditOutcome, error: SendError },
  /** Ends a running or waiting turn, and returns once that is stored. */
  stop: { payload: { stop: StopTurn }, optional: true, success: StopOutcome, error: ChangeError },
  /** Adds a message with the role `system`. It makes no turn; the provider sees it from the next turn on. */
  sendSystem: { payload: { content: MessageContent }, text: true, success: Message, error: SendError },
  updateContext: { payload: { patch: ContextPatch }, success: SessionContext, error: ChangeError },
  /** Takes effect after the turns that are already accepted. */
  configure: {
    payload: { changes: ConfigureSession },
    success: SessionInfo,
    error: Schema.Union(ChangeError, ConfigurationError)
  },
  clear: { error: ChangeError },
  rewind: { payload: { rewind: RewindSession }, error: HistoryError },
  archive: { error: ChangeError },
  reactivate: { error: ChangeError },
  delete: { error: ChangeError }
} as const satisfies Record<string, Operation>

/** All operations on one session. */
export const sessionOperations = { ...sessionQueries, ...sessionCommands }

/** Name of the field that holds a row's input; undefined when the input is the whole payload, or when there is none. */
export const inputField = ({ payload }: Operation): string | undefined =>
  payload === undefined || Schema.isSchema(payload) ? undefined : Object.keys(payload)[0]

type InputSchema<Row> = Row extends { readonly payload: infer Payload }
  ? Payload extends Schema.Schema.Any ? Payload : Payload[keyof Payload]
  : never

/** A row's input, checked. */
type Input<Row> = Schema.Schema.Type<InputSchema<Row>>

/** A row's input as callers pass it. */
export type OperationInput<Row> = Schema.Schema.Encoded<InputSchema<Row>>

/** What a row returns: an effect, or a stream. */
export type OperationResult<Row extends Operation> = Row extends { readonly stream: true }
  ? Stream.Stream<Success<Row>, Schema.Schema.Type<Row["error"]>>
  : Effect.Effect<Success<Row>, Schema.Schema.Type<Row["error"]>>

type Success<Row> = Row extends { readonly success: infer Success } ? Schema.Schema.Type<Success> : void

/** A table of operations, by name. */
export type OperationTable = { readonly [name: string]: Operation }

/** The operations of a table on checked input: functions, and effects where there is no input. */
export type ManagerOperations<Table extends OperationTable> = {
  readonly [Name in keyof Table]: "payload" extends keyof Table[Name]
    ? (input: Input<Table[Name]>) => OperationResult<Table[Name]>
    : OperationResult<Table[Name]>
}

/** The same for one session, which the first argument names. */
export type SessionOperationsOf<Table extends OperationTable> = {
  readonly [Name in keyof Table]: "payload" extends keyof Table[Name]
    ? (id: SessionId, input: Input<Table[Name]>) => OperationResult<Table[Name]>
    : (id: SessionId) => OperationResult<Table[Name]>
}

/**
 * The commands of sessions, on checked input.
 */
export interface SessionCommands extends SessionOperationsOf<typeof sessionCommands> {}

/**
 * What a `SessionManager` is made of, in process and over the wire: one function per operation, on checked input.
 */
export interface SessionOperations
  extends ManagerOperations<typeof managerOperations>, SessionOperationsOf<typeof sessionQueries>, SessionCommands
{
  readonly importSession: (record: SessionExport, options: ImportOptions) => Effect.Effect<ImportOutcome, AccessError>
}
