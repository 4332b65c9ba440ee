import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Prompt from "@effect/cli/Prompt"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { ErasureReceipt } from "../domain/ErasureReceipt.js"
import { SessionManager } from "../services/SessionManager.js"
import { connect, connectionOptions } from "./connection.js"
import { countText } from "./countText.js"
import { json } from "./json.js"
import { printJson } from "./printJson.js"
import { visible } from "./visible.js"

class NotConfirmed extends Data.TaggedError("NotConfirmed") {
  override get message(): string {
    return "nothing was erased: it cannot be undone, so confirm it, or add --yes"
  }
}

/**
 * `erase`: removes all that is stored of a user.
 */
export const erase = Command.make(
  "erase",
  {
    ...connectionOptions,
    yes: Options.boolean("yes").pipe(Options.withAlias("y"), Options.withDescription("Do not ask")),
    json,
    userId: Args.text({ name: "user" }).pipe(Args.withDescription("Whose sessions are erased"))
  },
  Effect.fnUntraced(
    function*({ json, userId, yes }) {
      const sessions = yield* SessionManager
      if (!yes && !(yield* isConfirmed(userId))) return yield* new NotConfirmed()
      const receipt = yield* sessions.eraseUser(userId)
      yield* json ? printJson(ErasureReceipt, receipt) : Console.log(visible(toText(receipt)))
    },
    (effect, options) => Effect.provide(effect, connect(options))
  )
).pipe(Command.withDescription("Remove all that is stored of a user, for good"))

const isConfirmed = (userId: string) =>
  Effect.suspend(() =>
    process.stdin.isTTY && process.stdout.isTTY
      ? Prompt.run(Prompt.confirm({ message: `Erase all sessions of ${visible(userId)}, for good?` })).pipe(
        Effect.catchTag("QuitException", () => Effect.interrupt)
      )
      : Effect.succeed(false)
  )

const toText = (
  { messages, providerCopies, rollupDays, sessions, sharedMessages, turns, userId }: ErasureReceipt
): string =>
  [
    `Erased ${userId}: ${
      [
        countText(sessions, "session"),
        countText(turns, "turn"),
        countText(messages, "message"),
        `the figures of ${countText(rollupDays, "day")}`
      ].join(", ")
    }.`,
    ...(sharedMessages > 0 ? [`Kept ${countText(sharedMessages, "message")} that other users' sessions share.`] : []),
    ...(providerCopies.removed > 0 ? [`Providers removed ${countText(providerCopies.removed, "conversation")}.`] : []),
    ...(providerCopies.failed > 0
      ? [`Providers still hold ${countText(providerCopies.failed, "conversation")}: see the server's log.`]
      : [])
  ].join("\n")
