import * as Command from "@effect/cli/Command"
import * as Console from "effect/Console"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { StoreBackup } from "../domain/StoreBackup.js"
import { StoreStats } from "../domain/StoreStats.js"
import { SessionManager } from "../services/SessionManager.js"
import { bytesText } from "./bytesText.js"
import { connect, connectionOptions } from "./connection.js"
import { countText } from "./countText.js"
import { json } from "./json.js"
import { printJson } from "./printJson.js"
import { visible } from "./visible.js"

/**
 * `stats`: what the store holds, and what it takes.
 */
export const stats = Command.make(
  "stats",
  { ...connectionOptions, json },
  Effect.fnUntraced(
    function*(options) {
      const found = yield* Effect.flatMap(SessionManager, (sessions) => sessions.stats)
      yield* options.json ? printJson(StoreStats, found) : Console.log(toText(found))
    },
    (effect, options) => Effect.provide(effect, connect(options))
  )
).pipe(Command.withDescription("Show what the store holds, what it takes, and its backups"))

const toText = ({ bytes, database, messages, name, sessions }: StoreStats): string =>
  Object.entries({
    store: name,
    sessions: `${sessions}`,
    messages: `${messages}`,
    takes: bytesText(bytes),
    ...(database && {
      "of it WAL": bytesText(database.walBytes),
      schema: `${database.schemaVersion}`,
      pages: `${database.pages} of ${database.pageSize} bytes, ${database.freePages} free`,
      "to be indexed": countText(database.unindexedSessions, "session"),
      backups: database.backups.length === 0 ? "none" : database.backups.map(backupText).join("\n".padEnd(17))
    })
  }).map(([name, value]) => `${name.padEnd(15)} ${visible(value)}`).join("\n")

const backupText = ({ at, bytes, name, sessions }: StoreBackup): string =>
  `${name}, ${DateTime.formatIso(at)}, ${countText(sessions, "session")}, ${bytesText(bytes)}`
