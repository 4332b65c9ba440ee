import * as Effect from "effect/Effect"
import { BackupName } from "../../domain/BackupName.js"
import { CreateSession } from "../../domain/CreateSession.js"
import { ProviderName } from "../../domain/ProviderTarget.js"
import { SessionId } from "../../domain/SessionId.js"
import { SessionQuery } from "../../domain/SessionQuery.js"
import { TextQuery } from "../../domain/TextQuery.js"
import type { SessionOperations } from "../SessionOperations.js"
import { checkInput } from "./checkInput.js"
import { makeSession } from "./makeSession.js"

const checkCreate = checkInput(CreateSession)
const checkId = checkInput(SessionId)
const checkName = checkInput(ProviderName)
const checkQuery = checkInput(SessionQuery)
const checkText = checkInput(TextQuery)
const checkBackup = checkInput(BackupName)

/**
 * The manager over whichever operations there are: the one place where input is checked and handles are made, so that it is
 * the same in process and over the wire.
 */
export const makeSessionManager = (operations: SessionOperations) => {
  const session = (id: SessionId) => makeSession(operations, id)
  return {
    create: Effect.fn("SessionManager.create")(function*(input: typeof CreateSession.Encoded) {
      return session(yield* operations.create(yield* checkCreate(input)))
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
    health: Effect.withSpan(operations.health, "SessionManager.health")
  }
}
