import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { FeedEvent } from "../domain/FeedEvent.js"
import { SessionManager } from "../services/SessionManager.js"
import { connect, connectionOptions } from "./connection.js"
import { json } from "./json.js"
import { makeFeedPrinter } from "./makeFeedPrinter.js"
import { sessionId } from "./sessionId.js"

const encodeEvent = Schema.encodeSync(Schema.parseJson(FeedEvent))

/**
 * `watch`: all that has happened in a session, and then what happens, until the session is deleted or somebody leaves. Whoever
 * leaves is told how to come back.
 */
export const watch = Command.make(
  "watch",
  {
    ...connectionOptions,
    from: Options.text("from").pipe(
      Options.withDescription(
        "Begin after this position, which an earlier watch ended with; at the beginning if left out"
      ),
      Options.optional
    ),
    json,
    sessionId
  },
  Effect.fnUntraced(
    function*(options) {
      const session = yield* Effect.flatMap(SessionManager, (sessions) => sessions.get(options.sessionId))
      const feed = session.watch(Option.isSome(options.from) ? { from: options.from.value } : {})
      if (options.json) return yield* Stream.runForEach(feed, (event) => Console.log(encodeEvent(event)))
      const printer = yield* makeFeedPrinter
      yield* Stream.runForEach(feed, printer.print).pipe(
        Effect.onExit((exit) => Exit.isSuccess(exit) ? Effect.void : printer.leave)
      )
    },
    (effect, options) => Effect.provide(effect, connect(options))
  )
).pipe(Command.withDescription("Watch what happens in a session, from its beginning or from a position on"))
