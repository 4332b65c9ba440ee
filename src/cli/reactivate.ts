import * as Command from "@effect/cli/Command"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { SessionInfo } from "../domain/SessionInfo.js"
import { SessionManager } from "../services/SessionManager.js"
import { connect, connectionOptions } from "./connection.js"
import { json } from "./json.js"
import { printJson } from "./printJson.js"
import { sessionId } from "./sessionId.js"

/**
 * `reactivate`: lets a session that was archived, or that failed too often, take messages again.
 */
export const reactivate = Command.make(
  "reactivate",
  { ...connectionOptions, json, sessionId },
  Effect.fnUntraced(
    function*(options) {
      const session = yield* Effect.flatMap(SessionManager, (sessions) => sessions.get(options.sessionId))
      yield* session.reactivate
      yield* options.json
        ? printJson(SessionInfo, yield* session.info)
        : Console.log("The session takes messages again.")
    },
    (effect, options) => Effect.provide(effect, connect(options))
  )
).pipe(Command.withDescription("Let an archived or failed session take messages again"))
