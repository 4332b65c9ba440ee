import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Console from "effect/Console"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { CleanupOutcome } from "../domain/CleanupSessions.js"
import { SessionStatus } from "../domain/SessionStatus.js"
import { SessionManager } from "../services/SessionManager.js"
import { connect, connectionOptions } from "./connection.js"
import { countText } from "./countText.js"
import { json } from "./json.js"
import { printJson } from "./printJson.js"

/** `30d` beside `30 days`. */
const toDuration = (text: string): Option.Option<Duration.Duration> => {
  const [, count, unit] = /^(\d+(?:\.\d+)?)([smhdw])$/.exec(text) ?? []
  return Duration.decodeUnknown(count === undefined || unit === undefined ? text : `${count} ${units[unit]}`)
}

const units: Readonly<Record<string, string>> = { s: "seconds", m: "minutes", h: "hours", d: "days", w: "weeks" }

/**
 * `cleanup`: deletes or archives sessions that have rested.
 */
export const cleanup = Command.make(
  "cleanup",
  {
    ...connectionOptions,
    olderThan: Options.text("older-than").pipe(
      Options.withDescription("For how long they rest at least, such as 30d or \"30 days\""),
      Options.filterMap(toDuration, "--older-than must be a length of time, such as 30d")
    ),
    status: Options.choice("status", SessionStatus.literals).pipe(
      Options.withDescription("Only those with this status"),
      Options.optional
    ),
    archive: Options.boolean("archive").pipe(Options.withDescription("Archive them instead of deleting them")),
    limit: Options.integer("limit").pipe(Options.withDescription("How many at most"), Options.withDefault(1000)),
    dryRun: Options.boolean("dry-run").pipe(Options.withDescription("Only tell which they are")),
    json
  },
  Effect.fnUntraced(
    function*({ archive, dryRun, json, limit, olderThan, status }) {
      const sessions = yield* SessionManager
      const outcome = yield* sessions.cleanup({
        olderThan,
        action: archive ? "archive" : "delete",
        limit,
        dryRun,
        ...(Option.isSome(status) && { status: status.value })
      })
      if (json) return yield* printJson(CleanupOutcome, outcome)
      if (dryRun) yield* Effect.forEach(outcome.sessions, (id) => Console.log(id), { discard: true })
      yield* (dryRun ? Console.error : Console.log)(toText(outcome, dryRun))
      if (outcome.more) yield* Console.error("(more: run it again, or raise --limit)")
    },
    (effect, options) => Effect.provide(effect, connect(options))
  )
).pipe(Command.withDescription("Delete or archive sessions that have rested for long"))

const toText = ({ action, sessions, spared }: CleanupOutcome, dryRun: boolean): string =>
  `${countText(sessions.length, "session")} ${dryRun ? "would be " : ""}${action}d` +
  (spared.length > 0 ? `, ${spared.length} spared: they are in use, gone, or cannot be used` : "")
