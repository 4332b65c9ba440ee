import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { EditOutcome, StopOutcome } from "../domain/Send.js"
import { Turn } from "../domain/Turn.js"
import { SessionManager } from "../services/SessionManager.js"
import { sessionCommand } from "./connection.js"
import { json, sessionId, turnId } from "./options.js"
import { printItems, printJson } from "./output.js"
import { anyText, argument, flag, option, text } from "./parameters.js"
import { note, print } from "./Streams.js"
import { partsText, visible } from "./text.js"

/**
 * `pending`: the turns that wait in a session.
 */
export const pending = sessionCommand(
  { options: { json }, arguments: { sessionId } },
  Effect.fnUntraced(function*(options) {
    const session = yield* Effect.flatMap(SessionManager, (sessions) => sessions.get(options.sessionId))
    const turns = yield* session.pending
    if (options.json) return yield* printJson(Schema.Array(Turn), turns)
    if (turns.length === 0) yield* note("No turn waits.")
    yield* printItems(turns, turnLine)
  })
)

const turnLine = ({ acceptedAt, id, prompt, whenBusy }: Turn): string =>
  [id, DateTime.formatIso(acceptedAt), (whenBusy ?? "queue").padEnd(9), visible(partsText(prompt?.parts ?? []))]
    .join("  ")

/**
 * `edit`: changes the message of a turn that waits. Fails with `TurnNotWaiting` when it does not wait any more.
 */
export const edit = sessionCommand(
  { options: { json }, arguments: { sessionId, turnId, text: argument(anyText("TEXT"), "The new message") } },
  Effect.fnUntraced(function*({ json, sessionId, text, turnId }) {
    const session = yield* Effect.flatMap(SessionManager, (sessions) => sessions.get(sessionId))
    const outcome = yield* session.edit({ turnId, content: text })
    if (json) yield* printJson(EditOutcome, outcome)
    if (outcome === "tooLate") return yield* new TurnNotWaiting({ turnId })
    if (!json) yield* print("Edited.")
  })
)

class TurnNotWaiting extends Data.TaggedError("TurnNotWaiting")<{ readonly turnId: string }> {
  override get message(): string {
    return `turn "${this.turnId}" does not wait: it has started or ended, or does not exist; list the turns that wait with pending`
  }
}

/**
 * `stop`: ends a session's running turn, or drops one that waits. The text that has arrived is kept unless `--discard` is given.
 */
export const stop = sessionCommand(
  {
    options: {
      turn: option("turn", text("TURN"), "Turn to stop, as pending prints it. Default: the one that runs"),
      discard: flag("discard", "Discard the text that has arrived. Default: keep it"),
      json
    },
    arguments: { sessionId }
  },
  Effect.fnUntraced(function*(options) {
    const session = yield* Effect.flatMap(SessionManager, (sessions) => sessions.get(options.sessionId))
    const outcome = yield* session.stop({
      keepPartial: !options.discard,
      ...(Option.isSome(options.turn) && { turnId: options.turn.value })
    })
    yield* options.json
      ? printJson(StopOutcome, outcome)
      : print(outcome === "stopped" ? "Stopped." : "Nothing to stop.")
  })
)
