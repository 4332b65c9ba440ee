import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { AnalyticsQuery } from "../../domain/AnalyticsQuery.js"
import { BackupName } from "../../domain/BackupName.js"
import { CleanupSessions } from "../../domain/CleanupSessions.js"
import { CreateSession } from "../../domain/CreateSession.js"
import { DeadLetterQuery } from "../../domain/DeadLetterQuery.js"
import type { AccessError } from "../../domain/error/AccessError.js"
import { InvalidRequest } from "../../domain/error/InvalidRequest.js"
import { ExportSessions } from "../../domain/ExportSessions.js"
import { ImportOptions, type ImportOutcome } from "../../domain/ImportSession.js"
import { ProviderName } from "../../domain/ProviderTarget.js"
import { ReplayDeadLetters } from "../../domain/ReplayDeadLetters.js"
import type { SessionExport } from "../../domain/SessionExport.js"
import { SessionId } from "../../domain/SessionId.js"
import { SessionQuery } from "../../domain/SessionQuery.js"
import { SessionRecord } from "../../domain/SessionRecord.js"
import { TextQuery } from "../../domain/TextQuery.js"
import { UserId } from "../../domain/UserId.js"
import type { SessionOperations } from "../SessionOperations.js"
import { checkInput } from "./checkInput.js"
import { makeSession } from "./makeSession.js"

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
