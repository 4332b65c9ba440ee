/**
 * Opens the database that its first argument names, says so, and holds it until it is killed. Says why when it cannot.
 */
import { Effect } from "effect"
import { writeSync } from "node:fs"
import * as SqliteSessionStore from "../../src/layers/store/SqliteSessionStore.js"
import { SessionStore } from "../../src/services/SessionStore.js"

const [filename = ""] = process.argv.slice(2)
const say = (line: string) => Effect.sync(() => writeSync(1, `${line}\n`))

await SessionStore.pipe(
  Effect.zipRight(say("open")),
  Effect.zipRight(Effect.never),
  Effect.provide(SqliteSessionStore.layer({ filename })),
  Effect.catchAll(({ message }) => say(message)),
  Effect.runPromise
)
