import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { SessionInfo } from "../domain/SessionInfo.js"
import { SessionManager } from "../services/SessionManager.js"
import { connect, connectionOptions } from "./connection.js"
import { json } from "./json.js"
import { messageIdAt } from "./messageIdAt.js"
import { printJson } from "./printJson.js"
import { sessionId } from "./sessionId.js"

/**
 * `rewind`: takes the messages after one out of a session's history.
 */
export const rewind = Command.make(
  "rewind",
  {
    ...connectionOptions,
    to: Options.text("to").pipe(
      Options.withDescription("The message that is the last one afterwards, by its number or its id")
    ),
    json,
    sessionId
  },
  Effect.fnUntraced(
    function*({ json, sessionId, to }) {
      const session = yield* Effect.flatMap(SessionManager, (sessions) => sessions.get(sessionId))
      yield* session.rewind({ to: yield* messageIdAt(session, to) })
      yield* json
        ? printJson(SessionInfo, yield* session.info)
        : Console.log("Rewound. What was taken out can be read with messages --rewound.")
    },
    (effect, options) => Effect.provide(effect, connect(options))
  )
).pipe(Command.withDescription("Take the messages after one out of a session's history"))
