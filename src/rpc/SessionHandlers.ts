import * as Effect from "effect/Effect"
import { decodeLine } from "../domain/SessionLines.js"
import { SessionManager } from "../services/SessionManager.js"
import { makeUploads } from "./internal/makeUploads.js"
import { SessionRpcs } from "./SessionRpcs.js"

/**
 * Answers `SessionRpcs` from whichever `SessionManager` is provided.
 */
export const layer = SessionRpcs.toLayer(
  Effect.map(Effect.all([SessionManager, makeUploads]), ([sessions, uploads]) =>
    SessionRpcs.of({
      Create: (input) => Effect.map(sessions.create(input), ({ id }) => id),
      GetOrCreate: (input) => Effect.map(sessions.getOrCreate(input), ({ id }) => id),
      List: (query) => sessions.search(query),
      SearchMessages: (query) => sessions.searchMessages(query),
      Optimize: () => sessions.optimize,
      Stats: () => sessions.stats,
      Backup: ({ name }) => sessions.backup(name),
      ListProviders: () => sessions.listProviders,
      ProviderInfo: ({ name }) => sessions.providerInfo(name),
      DeadLetters: (query) => sessions.deadLetters(query),
      ReplayDeadLetters: (replay) => sessions.replayDeadLetters(replay),
      ExportSessions: (query) => sessions.exportSessions(query),
      ImportPart: (part) =>
        Effect.flatMap(uploads.add(part), (text) =>
          text === undefined
            ? Effect.succeed(null)
            : Effect.flatMap(decodeLine(text), (record) => sessions.importSession(record, part.options))),
      EraseUser: ({ userId }) => sessions.eraseUser(userId),
      Cleanup: (cleanup) => sessions.cleanup(cleanup),
      Analytics: (query) => sessions.analytics(query),
      Health: () => sessions.health,
      Info: ({ sessionId }) => sessions.session(sessionId).info,
      Context: ({ sessionId }) => sessions.session(sessionId).context,
      Metrics: ({ sessionId }) => sessions.session(sessionId).metrics,
      Turns: ({ sessionId }) => sessions.session(sessionId).turns,
      Turn: ({ sessionId, turnId }) => sessions.session(sessionId).turn(turnId),
      Messages: ({ query, sessionId }) => sessions.session(sessionId).messages(query),
      Message: ({ messageId, sessionId }) => sessions.session(sessionId).message(messageId),
      Export: ({ sessionId }) => sessions.session(sessionId).export,
      Send: ({ message, sessionId }) => sessions.session(sessionId).send(message),
      Stream: ({ message, sessionId }) => sessions.session(sessionId).stream(message),
      Submit: ({ message, sessionId }) => sessions.session(sessionId).submit(message),
      Watch: ({ sessionId, watch }) => sessions.session(sessionId).watch(watch),
      Pending: ({ sessionId }) => sessions.session(sessionId).pending,
      Edit: ({ edit, sessionId }) => sessions.session(sessionId).edit(edit),
      Stop: ({ sessionId, stop }) => sessions.session(sessionId).stop(stop),
      SendSystem: ({ content, sessionId }) => sessions.session(sessionId).sendSystem(content),
      UpdateContext: ({ patch, sessionId }) => sessions.session(sessionId).updateContext(patch),
      Configure: ({ changes, sessionId }) => sessions.session(sessionId).configure(changes),
      Clear: ({ sessionId }) => sessions.session(sessionId).clear,
      Fork: ({ fork, sessionId }) => Effect.map(sessions.session(sessionId).fork(fork), ({ id }) => id),
      Rewind: ({ rewind, sessionId }) => sessions.session(sessionId).rewind(rewind),
      Archive: ({ sessionId }) => sessions.session(sessionId).archive,
      Reactivate: ({ sessionId }) => sessions.session(sessionId).reactivate,
      Delete: ({ sessionId }) => sessions.session(sessionId).delete
    }))
)
