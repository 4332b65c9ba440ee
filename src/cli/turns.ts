import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { EditOutcome, StopOutcome } from "../domain/Send.js"
import { Turn } from "../domain/Turn.js"
import { SessionManager } from "../services/SessionManager.js"
import { connect, connectionOptions } from "./connection.js"
import { json, sessionId, turnId } from "./options.js"
import { printJson } from "./output.js"
import { partsText, visible } from "./text.js"

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
