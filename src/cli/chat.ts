import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { connect, connectionOptions } from "./connection.js"
import { inputLines } from "./inputLines.js"
import { json } from "./json.js"
import { printTurn } from "./printTurn.js"
import { reportError } from "./reportError.js"
import { sendOptions, toSendMessage } from "./sendOptions.js"
import { sessionOptions, startSession } from "./startSession.js"

class Unanswered extends Data.TaggedError("Unanswered")<{ readonly count: number }> {
  override get message(): string {
    return `${this.count} of the messages got no reply`
  }
}

/**
 * `chat`: a conversation, one line a message, from a keyboard or from a pipe. A turn that fails is reported and the
 * conversation goes on; losing the server ends it.
 */
export const chat = Command.make(
  "chat",
  {
    ...connectionOptions,
    ...sessionOptions,
    ...sendOptions,
    key: Options.text("key").pipe(
      Options.withDescription("Makes it repeatable: line 3 has the key KEY-3, and with --session it is said only once"),
      Options.optional
    ),
    json
  },
  Effect.fnUntraced(
    function*(options) {
      const session = yield* startSession(options)
      if (!options.json) yield* Console.error(`session ${session.id}`)
      const unanswered = yield* inputLines.pipe(
        Stream.filter((line) => line.trim() !== ""),
        Stream.zipWithIndex,
        Stream.mapEffect(([line, index]) =>
          printTurn(
            session,
            toSendMessage(line, Option.map(options.key, (key) => `${key}-${index + 1}`), options),
            options.json
          ).pipe(
            Effect.as(0),
            Effect.catchAll((error) =>
              error._tag === "Disconnected" || error._tag === "Unauthorized"
                ? Effect.fail(error)
                : Effect.as(reportError(options.json)(error), 1)
            )
          )
        ),
        Stream.runFold(0, (sum, count) => sum + count)
      )
      if (unanswered > 0) yield* new Unanswered({ count: unanswered })
    },
    (effect, options) => Effect.provide(effect, connect(options))
  )
).pipe(Command.withDescription("Talk; reads lines from the keyboard or from a pipe"))
