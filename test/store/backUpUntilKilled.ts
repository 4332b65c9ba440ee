/**
 * Makes a backup of the database that its first argument names, and prints a line once it has begun to copy. It is never done:
 * the copy's directory holds up the process that looks at it until it is killed.
 */
import { Effect } from "effect"
import { existsSync, readdirSync, statSync, writeSync } from "node:fs"
import { setImmediate } from "node:timers"
import { BackupName } from "../../src/domain/Ids.js"
import * as SqliteSessionStore from "../../src/layers/store/SqliteSessionStore.js"
import { SessionStore } from "../../src/services/SessionStore.js"

const [filename = ""] = process.argv.slice(2)
const directory = `${filename}-backups`

/** Whether a part of the copy is there. */
const hasBegun = () =>
  existsSync(directory) &&
  readdirSync(directory).some((entry) =>
    existsSync(`${directory}/${entry}/copy.db`) && statSync(`${directory}/${entry}/copy.db`).size > 0
  )

const look = (): void => {
  if (!hasBegun()) return void setImmediate(look)
  writeSync(1, "copying\n")
  for (;;);
}
look()

await Effect.runPromise(
  Effect.flatMap(SessionStore, ({ maintenance }) => maintenance?.backup?.(BackupName.make("monday")) ?? Effect.void)
    .pipe(
      Effect.provide(SqliteSessionStore.layer({ filename }))
    )
)
