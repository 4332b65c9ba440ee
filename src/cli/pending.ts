import * as Command from "@effect/cli/Command"
import * as Console from "effect/Console"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Turn } from "../domain/Turn.js"
import { SessionManager } from "../services/SessionManager.js"
import { connect, connectionOptions } from "./connection.js"
import { json } from "./json.js"
import { partsText } from "./partsText.js"
import { printJson } from "./printJson.js"
import { sessionId } from "./sessionId.js"
import { visible } from "./visible.js"

/**
 * `pending`: the turns that wait in a session.
 */
export const pending = Command.make(
  "pending",
  { ...connectionOptions, json, sessionId },
  Effect.fnUntraced(
    function*(options) {
      const session = yield* Effect.flatMap(SessionManager, (sessions) => sessions.get(options.sessionId))
      const turns = yield* session.pending
      if (options.json) return yield* printJson(Schema.Array(Turn), turns)
      if (turns.length === 0) yield* Console.error("Nothing waits.")
      yield* Effect.forEach(turns, (turn) => Console.log(toLine(turn)), { discard: true })
    },
    (effect, options) => Effect.provide(effect, connect(options))
  )
).pipe(Command.withDescription("List the turns that wait; edit changes one, and stop --turn drops it"))

const toLine = ({ acceptedAt, id, prompt, whenBusy }: Turn): string =>
  [id, DateTime.formatIso(acceptedAt), (whenBusy ?? "queue").padEnd(9), visible(partsText(prompt?.parts ?? []))]
    .join("  ")
