import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Path from "@effect/platform/Path"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SqliteSessionStore from "../layers/store/SqliteSessionStore.js"
import { dataDir } from "./dataDir.js"
import { json } from "./json.js"
import { printJson } from "./printJson.js"

const Migrated = Schema.Struct({ from: Schema.Int, to: Schema.Int })

/**
 * `migrate`: brings the database of a stopped server up to date, as its next start would.
 */
export const migrate = Command.make(
  "migrate",
  {
    dataDir,
    json,
    check: Options.boolean("check").pipe(Options.withDescription("Only tell; change nothing"))
  },
  Effect.fnUntraced(function*({ check, dataDir, json }) {
    const { join } = yield* Path.Path
    const filename = join(dataDir, "sessions.db")
    const { from, to } = yield* check
      ? Effect.map(SqliteSessionStore.status(filename), ({ newest, version }) => ({ from: version, to: newest }))
      : SqliteSessionStore.migrate(filename)
    if (json) return yield* printJson(Migrated, { from, to })
    yield* Console.log(
      from === to
        ? `The database is up to date: schema ${to}.`
        : from > to
        ? `The database has schema ${from}, of a newer version than this one, which knows ${to}.`
        : check
        ? `The database has schema ${from}, and would be brought to ${to}.`
        : `The database was brought from schema ${from} to ${to}.`
    )
  })
).pipe(Command.withDescription("Bring the database of a stopped server up to date"))
