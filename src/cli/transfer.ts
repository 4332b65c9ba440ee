import * as NodeStream from "@effect/platform-node/NodeStream"
import { SystemError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { SessionId } from "../domain/Ids.js"
import { toMarkdown } from "../domain/Markdown.js"
import { decode, encode } from "../domain/SessionLines.js"
import { CleanupOutcome, ErasureReceipt } from "../domain/Store.js"
import { SessionExport } from "../domain/Transfer.js"
import { SessionManager } from "../services/SessionManager.js"
import { sessionCommand } from "./connection.js"
import { json, status } from "./options.js"
import { printJson, showProgress, writeFile, writeOutput } from "./output.js"
import {
  age,
  argument,
  choice,
  flag,
  integer,
  option,
  optionalArgument,
  optionOr,
  requiredOption,
  text
} from "./parameters.js"
import { confirm, note, print, Streams } from "./Streams.js"
import { countText, visible, visibleJson } from "./text.js"
import { UsageError } from "./usage.js"

/**
 * `export`: one session as a JSON document, or all that match as JSON Lines. Markdown is for reading.
 */
export const exportSessions = sessionCommand(
  {
    options: {
      user: option("user", text("USER"), "Only sessions of this user"),
      status,
      format: option(
        "format",
        choice("json", "jsonl", "markdown"),
        "Format of the export. Default: json for one session, jsonl for several"
      ),
      output: option("output", text("FILE"), "New file that only you can read. Default: standard output", {
        alias: "o"
      }),
      force: flag("force", "Replace the file if it exists"),
      json: flag("json", "Report errors as JSON")
    },
    arguments: { sessionId: optionalArgument(text("ID"), "Id of the one session to export. Default: all that match") }
  },
  Effect.fnUntraced(function*({ force, format: chosen, output, sessionId, status, user }) {
    const sessions = yield* SessionManager
    const format = Option.getOrElse(chosen, () => Option.isSome(sessionId) ? "json" : "jsonl")
    if (format === "json" && Option.isNone(sessionId)) {
      return yield* new UsageError({
        problem: "--format json exports one session",
        hint: "add its ID, or use --format jsonl for several"
      })
    }
    const records = Option.isSome(sessionId)
      ? Stream.fromEffect(Effect.flatMap(sessions.get(sessionId.value), (session) => session.export))
      : sessions.exportSessions({
        ...(Option.isSome(user) && { userId: user.value }),
        ...(Option.isSome(status) && { status: status.value })
      })
    const texts = exportText[format](showProgress(records, "exported"))
    yield* Option.isSome(output)
      ? writeFile(output.value, texts, { force })
      : writeOutput(texts, format === "markdown" ? visible : visibleJson)
  })
)

const encodeDocument = Schema.encode(Schema.parseJson(SessionExport, { space: 2 }))

const exportText = {
  json: <E, R>(records: Stream.Stream<SessionExport, E, R>) =>
    Stream.mapEffect(records, (record) => Effect.map(Effect.orDie(encodeDocument(record)), (text) => `${text}\n`)),
  jsonl: encode,
  markdown: <E, R>(records: Stream.Stream<SessionExport, E, R>) =>
    Stream.map(records, (record) => visible(toMarkdown(record)))
}

/**
 * `import`: restores exported sessions. Those that exist already are not changed.
 */
export const importSessions = sessionCommand(
  {
    options: { renumber: flag("renumber", "Import under new ids: the same ones each time"), json },
    arguments: { file: argument(text("FILE"), "File that export wrote as json or jsonl; - for standard input") }
  },
  Effect.fnUntraced(function*({ file, json, renumber }) {
    const fs = yield* FileSystem.FileSystem
    const { stdin } = yield* Streams
    const sessions = yield* SessionManager
    const records = decode(
      file === "-" ? NodeStream.fromReadable<SystemError, Uint8Array>(() => stdin, toReadError) : fs.stream(file)
    )
    const outcomes = sessions.importSessions(records, { ids: renumber ? "renumber" : "keep" })
    const summary = yield* Stream.runFold(
      showProgress(outcomes, "read"),
      nothingImported,
      ({ conflicts, imported, unchanged }, { outcome, sessionId }) => ({
        imported: imported + Number(outcome === "imported"),
        unchanged: unchanged + Number(outcome === "unchanged"),
        conflicts: outcome === "conflict" ? [...conflicts, sessionId] : conflicts
      })
    )
    const { conflicts, imported, unchanged } = summary
    yield* json
      ? printJson(ImportSummary, summary)
      : print(`${imported} imported, ${unchanged} unchanged, ${conflicts.length} in conflict`)
    if (conflicts.length > 0) return yield* new ImportConflict({ ids: conflicts })
  })
)

const toReadError = (cause: unknown) => new SystemError({ module: "Stream", method: "stdin", reason: "Unknown", cause })

const ImportSummary = Schema.Struct({
  imported: Schema.NonNegativeInt,
  /** Sessions that exist already and are the same. */
  unchanged: Schema.NonNegativeInt,
  /** Sessions that exist already and differ. */
  conflicts: Schema.Array(SessionId)
})

const nothingImported: typeof ImportSummary.Type = { imported: 0, unchanged: 0, conflicts: [] }

class ImportConflict extends Data.TaggedError("ImportConflict")<{ readonly ids: ReadonlyArray<SessionId> }> {
  override get message(): string {
    const [first = "", ...others] = this.ids
    const existing = others.length === 0
      ? `session ${first} exists`
      : `session ${first} and ${others.length} more exist`
    return `${existing} already with other content and did not change; --renumber imports under new ids`
  }
}

/**
 * `erase`: removes all data of a user.
 */
export const erase = sessionCommand(
  {
    options: { yes: flag("yes", "Do not ask for confirmation", "y"), json },
    arguments: { userId: argument(text("USER"), "User whose data is removed") }
  },
  Effect.fnUntraced(function*({ json, userId, yes }) {
    const sessions = yield* SessionManager
    const confirmed = yes || (yield* confirm(`Erase all sessions of ${visible(userId)}? This cannot be undone.`))
    if (!confirmed) return yield* new NotConfirmed()
    const receipt = yield* sessions.eraseUser(userId)
    yield* json ? printJson(ErasureReceipt, receipt) : print(visible(erasureText(receipt)))
  })
)

class NotConfirmed extends Data.TaggedError("NotConfirmed") {
  override get message(): string {
    return "nothing was erased, since it cannot be undone: confirm at a terminal, or add --yes"
  }
}

const erasureText = (
  { messages, providerCopies, rollupDays, sessions, sharedMessages, turns, userId }: ErasureReceipt
): string =>
  [
    `Erased ${userId}: ${
      [
        countText(sessions, "session"),
        countText(turns, "turn"),
        countText(messages, "message"),
        `usage of ${countText(rollupDays, "day")}`
      ].join(", ")
    }.`,
    ...(sharedMessages > 0 ? [`Kept ${countText(sharedMessages, "message")} that sessions of other users share.`] : []),
    ...(providerCopies.removed > 0 ? [`Providers removed ${countText(providerCopies.removed, "conversation")}.`] : []),
    ...(providerCopies.failed > 0
      ? [`Providers still keep ${countText(providerCopies.failed, "conversation")}: see the server's log.`]
      : [])
  ].join("\n")

/**
 * `cleanup`: deletes or archives idle sessions.
 */
export const cleanup = sessionCommand(
  {
    options: {
      olderThan: requiredOption("older-than", age, "Least time since the last activity, such as 30d"),
      status,
      archive: flag("archive", "Archive the sessions. Default: delete them"),
      limit: optionOr("limit", integer(1, 10_000), "Most sessions, up to 10000", "1000"),
      dryRun: flag("dry-run", "Print the sessions and change nothing"),
      json
    },
    arguments: {}
  },
  Effect.fnUntraced(function*(options) {
    const { dryRun, limit, olderThan } = options
    const sessions = yield* SessionManager
    const outcome = yield* sessions.cleanup({
      olderThan,
      action: options.archive ? "archive" : "delete",
      limit,
      dryRun,
      ...(Option.isSome(options.status) && { status: options.status.value })
    })
    if (options.json) return yield* printJson(CleanupOutcome, outcome)
    if (dryRun) yield* Effect.forEach(outcome.sessions, (id) => print(id), { discard: true })
    yield* (dryRun ? note : print)(cleanupText(outcome, dryRun))
    if (outcome.more) yield* note("(more: run it again, or raise --limit)")
  })
)

const cleanupText = ({ action, sessions, skipped }: CleanupOutcome, dryRun: boolean): string =>
  `${countText(sessions.length, "session")} ${dryRun ? "would be " : ""}${action}d` +
  (skipped.length > 0 ? `, ${skipped.length} skipped: in use, already gone, or unavailable` : "")
