import * as Command from "@effect/cli/Command"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { StopOutcome } from "../domain/StopTurn.js"
import { SessionManager } from "../services/SessionManager.js"
import { connect, connectionOptions } from "./connection.js"
import { json } from "./json.js"
import { printJson } from "./printJson.js"
import { sessionId } from "./sessionId.js"

/**
 * `stop`: ends the turn that runs in a session, and keeps what has arrived of its reply.
 */
export const stop = Command.make(
  "stop",
  { ...connectionOptions, json, sessionId },
  Effect.fnUntraced(
    function*(options) {
      const session = yield* Effect.flatMap(SessionManager, (sessions) => sessions.get(options.sessionId))
      const outcome = yield* session.stop()
      yield* options.json
        ? printJson(StopOutcome, outcome)
        : Console.log(outcome === "stopped" ? "Stopped." : "Nothing runs.")
    },
    (effect, options) => Effect.provide(effect, connect(options))
  )
).pipe(Command.withDescription("End the turn that runs in a session"))
