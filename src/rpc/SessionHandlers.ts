import * as Effect from "effect/Effect"
import * as Struct from "effect/Struct"
import { decodeLine } from "../domain/SessionLines.js"
import { SessionManager } from "../services/SessionManager.js"
import { managerOperations, sessionOperations } from "../services/SessionOperations.js"
import { makeHandlers } from "./internal/handlers/handlers.js"
import { makeUploads } from "./internal/handlers/uploads.js"
import { SessionRpcs } from "./SessionRpcs.js"

/**
 * Handles the calls of `SessionRpcs` with the `SessionManager` that is provided.
 */
export const layer = SessionRpcs.toLayer(
  Effect.map(Effect.all([SessionManager, makeUploads]), ([sessions, uploads]) =>
    SessionRpcs.of({
      ...makeHandlers(ofManager, () => sessions),
      ...makeHandlers(ofSession, ({ sessionId }) => sessions.session(sessionId)),
      Create: (input) => Effect.map(sessions.create(input), ({ id }) => id),
      GetOrCreate: (input) => Effect.map(sessions.getOrCreate(input), ({ id }) => id),
      List: (query) => sessions.search(query),
      Fork: ({ fork, sessionId }) => Effect.map(sessions.session(sessionId).fork(fork), ({ id }) => id),
      ImportPart: (part) =>
        Effect.flatMap(uploads.add(part), (text) =>
          text === undefined
            ? Effect.succeed(null)
            : Effect.flatMap(decodeLine(text), (record) => sessions.importSession(record, part.options)))
    }))
)

// The others have handlers of their own: they return handles, or are named otherwise in the manager.
const ofManager = Struct.omit(managerOperations, "create", "getOrCreate", "list")
const ofSession = Struct.omit(sessionOperations, "fork")
