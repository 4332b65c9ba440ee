import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { SessionId } from "../domain/SessionId.js"
import { decode } from "../domain/SessionLines.js"
import { SessionManager } from "../services/SessionManager.js"
import { connect, connectionOptions } from "./connection.js"
import { json } from "./json.js"
import { printJson } from "./printJson.js"
import { showProgress } from "./showProgress.js"

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
