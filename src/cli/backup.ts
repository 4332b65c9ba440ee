import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Console from "effect/Console"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { StoreBackup } from "../domain/StoreBackup.js"
import { SessionManager } from "../services/SessionManager.js"
import { bytesText } from "./bytesText.js"
import { connect, connectionOptions } from "./connection.js"
import { countText } from "./countText.js"
import { json } from "./json.js"
import { printJson } from "./printJson.js"

/**
 * `backup`: has the store copy all there is, while the server serves. The name is the time unless it is given.
 */
export const backup = Command.make(
  "backup",
  {
    ...connectionOptions,
    json,
    name: Args.text({ name: "name" }).pipe(
      Args.withDescription("Letters, digits, '-' and '_'; the time if left out"),
      Args.optional
    )
  },
  Effect.fnUntraced(
    function*(options) {
      const now = yield* DateTime.now
      const name = Option.getOrElse(options.name, () => DateTime.formatIso(now).replaceAll(/[^0-9TZ]/g, "-"))
      const made = yield* Effect.flatMap(SessionManager, (sessions) => sessions.backup(name))
      yield* options.json
        ? printJson(StoreBackup, made)
        : Console.log(
          `Backup ${made.name}: ${countText(made.sessions, "session")}, ${bytesText(made.bytes)}, sha256 ${made.sha256}`
        )
    },
    (effect, options) => Effect.provide(effect, connect(options))
  )
).pipe(Command.withDescription("Copy all sessions to where the server keeps its backups, while it is used"))
