/**
 * Opens the database of its first argument, prints `open`, and holds it until it is killed. Prints the error when it cannot.
 */
import { Effect } from "effect"
import { writeSync } from "node:fs"
import * as SqliteSessionStore from "../../src/layers/store/SqliteSessionStore.js"
import { SessionStore } from "../../src/services/SessionStore.js"

const [filename = ""] = process.argv.slice(2)
const print = (line: string) => Effect.sync(() => writeSync(1, `${line}\n`))

await SessionStore.pipe(
  Effect.zipRight(print("open")),
  Effect.zipRight(Effect.never),
  Effect.provide(SqliteSessionStore.layer({ filename })),
  Effect.catchAll(({ message }) => print(message)),
  Effect.runPromise
)
