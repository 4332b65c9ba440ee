import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { EditOutcome } from "../domain/EditTurn.js"
import { SessionManager } from "../services/SessionManager.js"
import { connect, connectionOptions } from "./connection.js"
import { json } from "./json.js"
import { printJson } from "./printJson.js"
import { sessionId } from "./sessionId.js"
import { turnId } from "./turnId.js"

class TooLate extends Data.TaggedError("TooLate")<{ readonly turnId: string }> {
  override get message(): string {
    return `turn "${this.turnId}" does not wait: it has started, has ended, or was never there; see what waits with pending`
  }
}

const text = Args.text({ name: "text" }).pipe(Args.withDescription("What it asks instead"))

/**
 * `edit`: gives a turn that waits something else to ask. Fails when it waits no more, since it then asks what it asked.
 */
export const edit = Command.make(
  "edit",
  { ...connectionOptions, json, sessionId, turnId, text },
  Effect.fnUntraced(
    function*({ json, sessionId, text, turnId }) {
      const session = yield* Effect.flatMap(SessionManager, (sessions) => sessions.get(sessionId))
      const outcome = yield* session.edit({ turnId, content: text })
      if (json) yield* printJson(EditOutcome, outcome)
      if (outcome === "tooLate") return yield* new TooLate({ turnId })
      if (!json) yield* Console.log("Edited.")
    },
    (effect, options) => Effect.provide(effect, connect(options))
  )
).pipe(Command.withDescription("Change what a turn that waits will ask"))
