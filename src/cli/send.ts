import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { SendMessage } from "../domain/SendMessage.js"
import { checkInput } from "../services/internal/checkInput.js"
import { connect, connectionOptions } from "./connection.js"
import { json } from "./json.js"
import { printReceipt } from "./printReceipt.js"
import { printTurn } from "./printTurn.js"
import { sendOptions, toSendMessage } from "./sendOptions.js"
import { sessionOptions, startSession } from "./startSession.js"

const checkMessage = checkInput(SendMessage)
const text = Args.text({ name: "text" }).pipe(Args.withDescription("What to say"))

/**
 * `send`: one message, one reply.
 */
export const send = Command.make(
  "send",
  {
    ...connectionOptions,
    ...sessionOptions,
    ...sendOptions,
    key: Options.text("key").pipe(
      Options.withDescription("Makes the command repeatable: with the same key it shows the same turn"),
      Options.optional
    ),
    noWait: Options.boolean("no-wait").pipe(
      Options.withDescription("Print a receipt once the message is stored, and do not wait for the reply")
    ),
    json,
    text
  },
  Effect.fnUntraced(
    function*(options) {
      // Before a session is started for it: what cannot be said should leave none behind.
      const message = yield* checkMessage(toSendMessage(options.text, options.key, options))
      const session = yield* startSession(options)
      yield* options.noWait
        ? printReceipt(session, message, options.json)
        : printTurn(session, message, options.json)
      if (Option.isNone(options.session) && !options.json) {
        yield* Console.error(`(go on with: --session ${session.id})`)
      }
    },
    (effect, options) => Effect.provide(effect, connect(options))
  )
).pipe(Command.withDescription("Say something and print the reply"))
