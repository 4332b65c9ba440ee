import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { StopOutcome } from "../domain/StopTurn.js"
import { SessionManager } from "../services/SessionManager.js"
import { connect, connectionOptions } from "./connection.js"
import { json } from "./json.js"
import { printJson } from "./printJson.js"
import { sessionId } from "./sessionId.js"

/**
 * `stop`: ends the turn that runs in a session, or drops one that waits. What has arrived of a reply is kept unless told
 * otherwise.
 */
export const stop = Command.make(
  "stop",
  {
    ...connectionOptions,
    turn: Options.text("turn").pipe(
      Options.withDescription("The turn to end, as pending prints it; the one that runs if left out"),
      Options.optional
    ),
    discard: Options.boolean("discard").pipe(Options.withDescription("Keep nothing of the reply")),
    json,
    sessionId
  },
  Effect.fnUntraced(
    function*(options) {
      const session = yield* Effect.flatMap(SessionManager, (sessions) => sessions.get(options.sessionId))
      const outcome = yield* session.stop({
        keepPartial: !options.discard,
        ...(Option.isSome(options.turn) && { turnId: options.turn.value })
      })
      yield* options.json
        ? printJson(StopOutcome, outcome)
        : Console.log(outcome === "stopped" ? "Stopped." : "There was nothing to stop.")
    },
    (effect, options) => Effect.provide(effect, connect(options))
  )
).pipe(Command.withDescription("End the turn that runs in a session, or one that waits"))
