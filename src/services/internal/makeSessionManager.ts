import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { AnalyticsQuery } from "../../domain/Analytics.js"
import { DeadLetterQuery, ReplayDeadLetters } from "../../domain/DeadLetter.js"
import { InvalidRequest } from "../../domain/error/RequestError.js"
import type { AccessError } from "../../domain/error/SessionError.js"
import { WatchSession } from "../../domain/Events.js"
import { BackupName, MessageId, SessionId, TurnId, UserId } from "../../domain/Ids.js"
import { MessageContent, MessageQuery } from "../../domain/Message.js"
import { ProviderName } from "../../domain/Provider.js"
import { TextQuery } from "../../domain/Search.js"
import { EditTurn, SendMessage, StopTurn } from "../../domain/Send.js"
import { ConfigureSession, CreateSession, ForkSession, RewindSession, SessionQuery } from "../../domain/Session.js"
import { ContextPatch } from "../../domain/SessionContext.js"
import { CleanupSessions } from "../../domain/Store.js"
import {
  ExportSessions,
  ImportOptions,
  type ImportOutcome,
  type SessionExport,
  SessionRecord
} from "../../domain/Transfer.js"
import type { SendInput, Session } from "../Session.js"
import type { SessionOperations } from "../SessionOperations.js"

/**
 * The door: reads what a caller passed, or says which field is wrong. Whatever a schema has read once it reads again to the
 * same value, so a server may pass on what it has decoded. An argument that is not a record of fields is called by its name.
 */
export const checkInput = <A, I>(schema: Schema.Schema<A, I>, argument?: string) => {
  const decode = Schema.decodeUnknown(schema)
  return (input: I): Effect.Effect<A, InvalidRequest> =>
    Effect.mapError(decode(input), (error) => InvalidRequest.fromParseError(error, argument))
}

const checkMessage = checkInput(SendMessage)
const checkSend = (input: SendInput) => checkMessage(typeof input === "string" ? { content: input } : input)
const checkContent = checkInput(MessageContent)
const checkWatch = checkInput(WatchSession)
const checkEdit = checkInput(EditTurn)
const checkFork = checkInput(ForkSession)
const checkRewind = checkInput(RewindSession)
const checkStop = checkInput(StopTurn)
const checkTurnId = checkInput(TurnId, "turnId")
const checkMessageId = checkInput(MessageId, "messageId")
const checkMessageQuery = checkInput(MessageQuery)
const checkConfigure = checkInput(ConfigureSession)
const checkContextPatch = checkInput(ContextPatch)

/**
 * The handles of sessions, over whichever operations there are. What is traced is made once for all of them: a server makes a
 * handle for each call.
 */
export const makeSession = (operations: SessionOperations): (id: SessionId) => Session => {
  // Bound, so that a trace names the line that has called.
  const session = (id: SessionId): Session => ({
    id,
    info: Effect.suspend(() => calls.info(id)),
    send: calls.send.bind(undefined, id),
    stream: (input) =>
      Stream.unwrap(Effect.map(checkSend(input), (message) => operations.stream(id, message))).pipe(
        Stream.withSpan("Session.stream")
      ),
    stop: calls.stop.bind(undefined, id),
    submit: calls.submit.bind(undefined, id),
    watch: (watch = {}) =>
      Stream.unwrap(Effect.map(checkWatch(watch), (watch) => operations.watch(id, watch))).pipe(
        Stream.withSpan("Session.watch")
      ),
    pending: Effect.suspend(() => calls.pending(id)),
    edit: calls.edit.bind(undefined, id),
    sendSystem: calls.sendSystem.bind(undefined, id),
    messages: calls.messages.bind(undefined, id),
    message: calls.message.bind(undefined, id),
    turns: Effect.suspend(() => calls.turns(id)),
    turn: calls.turn.bind(undefined, id),
    clear: Effect.suspend(() => calls.clear(id)),
    context: Effect.suspend(() => calls.context(id)),
    updateContext: calls.updateContext.bind(undefined, id),
    configure: calls.configure.bind(undefined, id),
    metrics: Effect.suspend(() => calls.metrics(id)),
    fork: calls.fork.bind(undefined, id),
    rewind: calls.rewind.bind(undefined, id),
    archive: Effect.suspend(() => calls.archive(id)),
    reactivate: Effect.suspend(() => calls.reactivate(id)),
    delete: Effect.suspend(() => calls.delete(id)),
    export: Effect.suspend(() => calls.export(id))
  })

  const calls = {
    info: Effect.fn("Session.info")(operations.info),
    send: Effect.fn("Session.send")((id: SessionId, input: SendInput) =>
      Effect.flatMap(checkSend(input), (message) => operations.send(id, message))
    ),
    stop: Effect.fn("Session.stop")((id: SessionId, stop: typeof StopTurn.Encoded = {}) =>
      Effect.flatMap(checkStop(stop), (stop) => operations.stop(id, stop))
    ),
    submit: Effect.fn("Session.submit")((id: SessionId, input: SendInput) =>
      Effect.flatMap(checkSend(input), (message) => operations.submit(id, message))
    ),
    pending: Effect.fn("Session.pending")(operations.pending),
    edit: Effect.fn("Session.edit")((id: SessionId, edit: typeof EditTurn.Encoded) =>
      Effect.flatMap(checkEdit(edit), (edit) => operations.edit(id, edit))
    ),
    sendSystem: Effect.fn("Session.sendSystem")((id: SessionId, input: string | typeof MessageContent.Encoded) =>
      Effect.flatMap(
        checkContent(typeof input === "string" ? { content: input } : input),
        (content) => operations.sendSystem(id, content)
      )
    ),
    messages: Effect.fn("Session.messages")((id: SessionId, query: typeof MessageQuery.Encoded = {}) =>
      Effect.flatMap(checkMessageQuery(query), (query) => operations.messages(id, query))
    ),
    message: Effect.fn("Session.message")((id: SessionId, messageId: string) =>
      Effect.flatMap(checkMessageId(messageId), (messageId) => operations.message(id, messageId))
    ),
    turns: Effect.fn("Session.turns")(operations.turns),
    turn: Effect.fn("Session.turn")((id: SessionId, turnId: string) =>
      Effect.flatMap(checkTurnId(turnId), (turnId) => operations.turn(id, turnId))
    ),
    clear: Effect.fn("Session.clear")(operations.clear),
    context: Effect.fn("Session.context")(operations.context),
    updateContext: Effect.fn("Session.updateContext")((id: SessionId, patch: typeof ContextPatch.Encoded) =>
      Effect.flatMap(checkContextPatch(patch), (patch) => operations.updateContext(id, patch))
    ),
    configure: Effect.fn("Session.configure")((id: SessionId, changes: typeof ConfigureSession.Encoded) =>
      Effect.flatMap(checkConfigure(changes), (changes) => operations.configure(id, changes))
    ),
    metrics: Effect.fn("Session.metrics")(operations.metrics),
    fork: Effect.fn("Session.fork")((id: SessionId, fork: typeof ForkSession.Encoded = {}) =>
      Effect.map(Effect.flatMap(checkFork(fork), (fork) => operations.fork(id, fork)), session)
    ),
    rewind: Effect.fn("Session.rewind")((id: SessionId, rewind: typeof RewindSession.Encoded) =>
      Effect.flatMap(checkRewind(rewind), (rewind) => operations.rewind(id, rewind))
    ),
    archive: Effect.fn("Session.archive")(operations.archive),
    reactivate: Effect.fn("Session.reactivate")(operations.reactivate),
    delete: Effect.fn("Session.delete")(operations.delete),
    export: Effect.fn("Session.export")(operations.export)
  }

  return session
}

const checkCreate = checkInput(CreateSession)
const checkId = checkInput(SessionId, "sessionId")
const checkName = checkInput(ProviderName, "provider")
const checkDeadLetters = checkInput(DeadLetterQuery)
const checkReplay = checkInput(ReplayDeadLetters)
const checkQuery = checkInput(SessionQuery)
const checkExport = checkInput(ExportSessions)
const checkUserId = checkInput(UserId, "userId")
const checkCleanup = checkInput(CleanupSessions)
const checkImport = checkInput(ImportOptions)
const checkRecord = checkInput(Schema.typeSchema(SessionRecord))
const checkAnalytics = checkInput(AnalyticsQuery)
const checkText = checkInput(TextQuery)
const checkBackup = checkInput(BackupName, "name")

/**
 * The manager over whichever operations there are: the one place where input is checked and handles are made, so that it is
 * the same in process and over the wire.
 */
export const makeSessionManager = (operations: SessionOperations) => {
  const session = makeSession(operations)
  const importOne = (record: SessionExport, options: typeof ImportOptions.Encoded = {}) =>
    Effect.zipWith(checkRecord(record), checkImport(options), (record, options) => ({ record, options })).pipe(
      Effect.flatMap(({ options, record }) => operations.importSession(record, options))
    )
  return {
    create: Effect.fn("SessionManager.create")(function*(input: typeof CreateSession.Encoded) {
      return session(yield* operations.create(yield* checkCreate(input)))
    }),
    getOrCreate: Effect.fn("SessionManager.getOrCreate")(function*(input: typeof CreateSession.Encoded) {
      return session(yield* operations.getOrCreate(yield* checkCreate(input)))
    }),
    session,
    get: Effect.fn("SessionManager.get")(function*(id: string) {
      const { id: existing } = yield* operations.info(yield* checkId(id))
      return session(existing)
    }),
    list: Effect.fn("SessionManager.list")((userId: string, query: Omit<typeof SessionQuery.Encoded, "userId"> = {}) =>
      Effect.flatMap(checkQuery({ ...query, userId }), operations.list)
    ),
    search: Effect.fn("SessionManager.search")((query: typeof SessionQuery.Encoded) =>
      Effect.flatMap(checkQuery(query), operations.list)
    ),
    searchMessages: Effect.fn("SessionManager.searchMessages")((query: typeof TextQuery.Encoded) =>
      Effect.flatMap(checkText(query), operations.searchMessages)
    ),
    optimize: Effect.withSpan(operations.optimize, "SessionManager.optimize"),
    stats: Effect.withSpan(operations.stats, "SessionManager.stats"),
    backup: Effect.fn("SessionManager.backup")((name: string) => Effect.flatMap(checkBackup(name), operations.backup)),
    listProviders: Effect.withSpan(operations.listProviders, "SessionManager.listProviders"),
    providerInfo: Effect.fn("SessionManager.providerInfo")((name: string) =>
      Effect.flatMap(checkName(name), operations.providerInfo)
    ),
    deadLetters: Effect.fn("SessionManager.deadLetters")((query: typeof DeadLetterQuery.Encoded = {}) =>
      Effect.flatMap(checkDeadLetters(query), operations.deadLetters)
    ),
    replayDeadLetters: Effect.fn("SessionManager.replayDeadLetters")((replay: typeof ReplayDeadLetters.Encoded = {}) =>
      Effect.flatMap(checkReplay(replay), operations.replayDeadLetters)
    ),
    exportSessions: (query: typeof ExportSessions.Encoded = {}) =>
      Stream.unwrap(Effect.map(checkExport(query), operations.exportSessions)).pipe(
        Stream.withSpan("SessionManager.exportSessions")
      ),
    importSession: Effect.fn("SessionManager.importSession")(importOne),
    importSessions: <E, R>(
      records: Stream.Stream<SessionExport, E, R>,
      options: typeof ImportOptions.Encoded = {}
    ): Stream.Stream<ImportOutcome, AccessError | E, R> =>
      records.pipe(
        Stream.zipWithIndex,
        Stream.mapEffect(([record, index]) => Effect.mapError(importOne(record, options), inRecord(index + 1))),
        Stream.withSpan("SessionManager.importSessions")
      ),
    eraseUser: Effect.fn("SessionManager.eraseUser")((userId: string) =>
      Effect.flatMap(checkUserId(userId), operations.eraseUser)
    ),
    cleanup: Effect.fn("SessionManager.cleanup")((cleanup: typeof CleanupSessions.Encoded) =>
      Effect.flatMap(checkCleanup(cleanup), operations.cleanup)
    ),
    analytics: Effect.fn("SessionManager.analytics")((query: typeof AnalyticsQuery.Encoded = {}) =>
      Effect.flatMap(checkAnalytics(query), operations.analytics)
    ),
    health: Effect.withSpan(operations.health, "SessionManager.health")
  }
}

/** Says which of many records it was that a request found wrong. */
const inRecord = (number: number) => (error: AccessError): AccessError =>
  error._tag === "InvalidRequest"
    ? new InvalidRequest({ path: [`record ${number}`, ...error.path], reason: error.reason })
    : error
