import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { ConfigurationError } from "../domain/error/ConfigurationError.js"
import { SessionExport } from "../domain/SessionExport.js"
import { encode } from "../domain/SessionLines.js"
import { SessionStatus } from "../domain/SessionStatus.js"
import { toMarkdown } from "../domain/toMarkdown.js"
import { SessionManager } from "../services/SessionManager.js"
import { connect, connectionOptions } from "./connection.js"
import { json } from "./json.js"
import { showProgress } from "./showProgress.js"
import { visible } from "./visible.js"
import { writeFile } from "./writeFile.js"
import { writeOutput } from "./writeOutput.js"

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
