import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import { SessionExport } from "../domain/SessionExport.js"
import { SessionManager } from "../services/SessionManager.js"
import { connect, connectionOptions } from "./connection.js"
import { json } from "./json.js"
import { printJson } from "./printJson.js"
import { sessionId } from "./sessionId.js"

/**
 * `export`: a whole session as one JSON document.
 */
export const exportSession = Command.make(
  "export",
  { ...connectionOptions, json, sessionId },
  Effect.fnUntraced(
    function*(options) {
      const session = yield* Effect.flatMap(SessionManager, (sessions) => sessions.get(options.sessionId))
      yield* printJson(SessionExport, yield* session.export)
    },
    (effect, options) => Effect.provide(effect, connect(options))
  )
).pipe(Command.withDescription("Print a whole session as JSON (with or without --json)"))
