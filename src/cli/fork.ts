import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { SessionInfo } from "../domain/SessionInfo.js"
import { SessionManager } from "../services/SessionManager.js"
import { connect, connectionOptions } from "./connection.js"
import { json } from "./json.js"
import { messageIdAt } from "./messageIdAt.js"
import { printJson } from "./printJson.js"
import { sessionId } from "./sessionId.js"

/**
 * `fork`: starts another session with the same history up to a message, and prints its id.
 */
export const fork = Command.make(
  "fork",
  {
    ...connectionOptions,
    at: Options.text("at").pipe(
      Options.withDescription("The last message that both share, by its number or its id; the latest if left out"),
      Options.optional
    ),
    user: Options.text("user").pipe(
      Options.withDescription("Whose session it is; the same user's if left out"),
      Options.optional
    ),
    json,
    sessionId
  },
  Effect.fnUntraced(
    function*({ at, json, sessionId, user }) {
      const session = yield* Effect.flatMap(SessionManager, (sessions) => sessions.get(sessionId))
      const forked = yield* session.fork({
        ...(Option.isSome(at) && { at: yield* messageIdAt(session, at.value) }),
        ...(Option.isSome(user) && { userId: user.value })
      })
      yield* json ? printJson(SessionInfo, yield* forked.info) : Console.log(forked.id)
    },
    (effect, options) => Effect.provide(effect, connect(options))
  )
).pipe(Command.withDescription("Start another session with the same history, up to a message"))
