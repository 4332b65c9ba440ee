/**
 * Backs up the database of its first argument, and prints a line once the copy has begun. It never completes: the check of
 * the copy then blocks the process until it is killed.
 */
import { Effect } from "effect"
import { existsSync, readdirSync, statSync, writeSync } from "node:fs"
import { setImmediate } from "node:timers"
import { BackupName } from "../../src/domain/Ids.js"
import * as SqliteSessionStore from "../../src/layers/store/SqliteSessionStore.js"
import { SessionStore } from "../../src/services/SessionStore.js"

const [filename = ""] = process.argv.slice(2)
const directory = `${filename}-backups`

/** Whether the copy has begun. */
const hasBegun = () =>
  existsSync(directory) &&
  readdirSync(directory).some((entry) =>
    existsSync(`${directory}/${entry}/copy.db`) && statSync(`${directory}/${entry}/copy.db`).size > 0
  )

const check = (): void => {
  if (!hasBegun()) return void setImmediate(check)
  writeSync(1, "copying\n")
  for (;;);
}
check()

await Effect.runPromise(
  Effect.flatMap(SessionStore, ({ maintenance }) => maintenance?.backup?.(BackupName.make("monday")) ?? Effect.void)
    .pipe(
      Effect.provide(SqliteSessionStore.layer({ filename }))
    )
)
