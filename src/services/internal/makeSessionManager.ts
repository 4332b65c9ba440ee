import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { InvalidRequest } from "../../domain/error/RequestError.js"
import type { AccessError } from "../../domain/error/SessionError.js"
import { SessionId } from "../../domain/Ids.js"
import { CreateSession, ForkSession, SessionQuery } from "../../domain/Session.js"
import { ImportOptions, type ImportOutcome, type SessionExport, SessionRecord } from "../../domain/Transfer.js"
import type { Session } from "../Session.js"
import { managerOperations, type SessionOperations, sessionOperations } from "../SessionOperations.js"
import { bindCalls, checkInput, makeManagerCalls, makeSessionCalls } from "./checkedCalls.js"

/**
 * The manager over a set of operations. Input is checked and handles are made here only, so both are the same in process and
 * over the wire.
 */
export const makeSessionManager = (operations: SessionOperations) => {
  const session = makeSession(operations)
  const importOne = (record: SessionExport, options: typeof ImportOptions.Encoded = {}) =>
    Effect.zipWith(checkRecord(record), checkImport(options), (record, options) => ({ record, options })).pipe(
      Effect.flatMap(({ options, record }) => operations.importSession(record, options))
    )

  return {
    ...makeManagerCalls(managerOperations, operations),
    session,
    create: Effect.fn("SessionManager.create")((input: typeof CreateSession.Encoded) =>
      Effect.map(Effect.flatMap(checkCreate(input), operations.create), session)
    ),
    getOrCreate: Effect.fn("SessionManager.getOrCreate")((input: typeof CreateSession.Encoded) =>
      Effect.map(Effect.flatMap(checkCreate(input), operations.getOrCreate), session)
    ),
    get: Effect.fn("SessionManager.get")((id: string) =>
      Effect.map(Effect.flatMap(checkId(id), operations.info), ({ id }) => session(id))
    ),
    list: Effect.fn("SessionManager.list")((userId: string, query: Omit<typeof SessionQuery.Encoded, "userId"> = {}) =>
      Effect.flatMap(checkQuery({ ...query, userId }), operations.list)
    ),
    search: Effect.fn("SessionManager.search")((query: typeof SessionQuery.Encoded) =>
      Effect.flatMap(checkQuery(query), operations.list)
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
      )
  }
}

/**
 * Makes handles of sessions. The calls are made once for all handles, since a server makes a handle for each call.
 */
const makeSession = (operations: SessionOperations): (id: SessionId) => Session => {
  const calls = makeSessionCalls(sessionOperations, operations)
  const fork = Effect.fn("Session.fork")((id: SessionId, input: typeof ForkSession.Encoded = {}) =>
    Effect.map(Effect.flatMap(checkFork(input), (fork) => operations.fork(id, fork)), session)
  )
  const session = (id: SessionId): Session => ({
    id,
    ...bindCalls(sessionOperations, calls, id),
    fork: fork.bind(undefined, id)
  })
  return session
}

const checkCreate = checkInput(CreateSession)
const checkFork = checkInput(ForkSession)
const checkId = checkInput(SessionId, "sessionId")
const checkImport = checkInput(ImportOptions)
const checkQuery = checkInput(SessionQuery)
const checkRecord = checkInput(Schema.typeSchema(SessionRecord))

/** Adds to an error's path which of many records was wrong. */
const inRecord = (number: number) => (error: AccessError): AccessError =>
  error._tag === "InvalidRequest"
    ? new InvalidRequest({ path: [`record ${number}`, ...error.path], reason: error.reason })
    : error
