import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Prompt from "@effect/cli/Prompt"
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { ConfigurationError } from "../domain/error/RequestError.js"
import { SessionId } from "../domain/Ids.js"
import { toMarkdown } from "../domain/Markdown.js"
import { SessionStatus } from "../domain/Session.js"
import { decode, encode } from "../domain/SessionLines.js"
import { CleanupOutcome, ErasureReceipt } from "../domain/Store.js"
import { SessionExport } from "../domain/Transfer.js"
import { SessionManager } from "../services/SessionManager.js"
import { connect, connectionOptions } from "./connection.js"
import { json } from "./options.js"
import { printJson, showProgress, writeFile, writeOutput } from "./output.js"
import { countText, visible } from "./text.js"

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
      yield* (dryRun ? Console.error : Console.log)(toTextCleanup(outcome, dryRun))
      if (outcome.more) yield* Console.error("(more: run it again, or raise --limit)")
    },
    (effect, options) => Effect.provide(effect, connect(options))
  )
).pipe(Command.withDescription("Delete or archive sessions that have rested for long"))

const toTextCleanup = ({ action, sessions, spared }: CleanupOutcome, dryRun: boolean): string =>
  `${countText(sessions.length, "session")} ${dryRun ? "would be " : ""}${action}d` +
  (spared.length > 0 ? `, ${spared.length} spared: they are in use, gone, or cannot be used` : "")

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
      yield* json ? printJson(ErasureReceipt, receipt) : Console.log(visible(toTextErase(receipt)))
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

const toTextErase = (
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

const encodeDocument = Schema.encode(Schema.parseJson(SessionExport, { space: 2 }))

/**
 * `export`: one session as a JSON document, or all that match as JSON Lines; to be read, as Markdown.
 */
export const exportSessions = Command.make(
  "export",
  {
    ...connectionOptions,
    user: Options.text("user").pipe(Options.withDescription("Only this user's"), Options.optional),
    status: Options.choice("status", SessionStatus.literals).pipe(
      Options.withDescription("Only those with this status"),
      Options.optional
    ),
    format: Options.choice("format", ["json", "jsonl", "markdown"]).pipe(
      Options.withDescription("json, unless told, for one session; jsonl for many"),
      Options.optional
    ),
    output: Options.text("output").pipe(
      Options.withAlias("o"),
      Options.withDescription("A new file, for your eyes only, in place of standard output"),
      Options.optional
    ),
    force: Options.boolean("force").pipe(Options.withDescription("Put it in place of a file that is there")),
    json,
    sessionId: Args.text({ name: "id" }).pipe(
      Args.withDescription("The session's id; all sessions that match if left out"),
      Args.optional
    )
  },
  Effect.fnUntraced(
    function*({ force, format: chosen, output, sessionId, status, user }) {
      const sessions = yield* SessionManager
      const format = Option.getOrElse(chosen, () => Option.isSome(sessionId) ? "json" : "jsonl")
      if (format === "json" && Option.isNone(sessionId)) {
        return yield* new ConfigurationError({
          problems: ["--format json is for one session, by its id; use jsonl for many"]
        })
      }
      const records = Option.isSome(sessionId)
        ? Stream.fromEffect(Effect.flatMap(sessions.get(sessionId.value), (session) => session.export))
        : sessions.exportSessions({
          ...(Option.isSome(user) && { userId: user.value }),
          ...(Option.isSome(status) && { status: status.value })
        })
      const texts = toText[format](showProgress(records, "exported"))
      yield* Option.isSome(output) ? writeFile(output.value, texts, { force }) : writeOutput(texts)
    },
    (effect, options) => Effect.provide(effect, connect(options))
  )
).pipe(Command.withDescription("Print a whole session as JSON, or all sessions as JSON Lines"))

const toText = {
  json: <E, R>(records: Stream.Stream<SessionExport, E, R>) =>
    Stream.mapEffect(records, (record) => Effect.map(Effect.orDie(encodeDocument(record)), (text) => `${text}\n`)),
  jsonl: encode,
  markdown: <E, R>(records: Stream.Stream<SessionExport, E, R>) =>
    Stream.map(records, (record) => visible(toMarkdown(record)))
}

const Summary = Schema.Struct({
  imported: Schema.NonNegativeInt,
  /** They were here already, and are the same. */
  unchanged: Schema.NonNegativeInt,
  /** They are here, and differ. */
  conflicts: Schema.Array(SessionId)
})

class ImportConflict extends Data.TaggedError("ImportConflict")<{ readonly ids: ReadonlyArray<SessionId> }> {
  override get message(): string {
    const [first = "", ...others] = this.ids
    const all = others.length === 0 ? `session ${first} is` : `session ${first} and ${others.length} more are`
    return `${all} here already and differ from what was to be imported; they were left as they are (--renumber imports them under other ids)`
  }
}

/**
 * `import`: restores sessions that `export` wrote. What is here already is left as it is.
 */
export const importSessions = Command.make(
  "import",
  {
    ...connectionOptions,
    renumber: Options.boolean("renumber").pipe(
      Options.withDescription("Give the sessions other ids: the same ones each time")
    ),
    json,
    file: Args.text({ name: "file" }).pipe(
      Args.withDescription("What export wrote as json or jsonl; - for standard input")
    )
  },
  Effect.fnUntraced(
    function*({ file, json, renumber }) {
      const fs = yield* FileSystem.FileSystem
      const sessions = yield* SessionManager
      const records = decode(file === "-" ? NodeStream.stdin : fs.stream(file))
      const outcomes = sessions.importSessions(records, { ids: renumber ? "renumber" : "keep" })
      const summary = yield* Stream.runFold(
        showProgress(outcomes, "read"),
        none,
        ({ conflicts, imported, unchanged }, { outcome, sessionId }) => ({
          imported: imported + Number(outcome === "imported"),
          unchanged: unchanged + Number(outcome === "unchanged"),
          conflicts: outcome === "conflict" ? [...conflicts, sessionId] : conflicts
        })
      )
      const { conflicts, imported, unchanged } = summary
      yield* json
        ? printJson(Summary, summary)
        : Console.log(`${imported} imported, ${unchanged} unchanged, ${conflicts.length} in conflict`)
      if (conflicts.length > 0) return yield* new ImportConflict({ ids: conflicts })
    },
    (effect, options) => Effect.provide(effect, connect(options))
  )
).pipe(Command.withDescription("Restore sessions that were exported"))

const none: typeof Summary.Type = { imported: 0, unchanged: 0, conflicts: [] }
