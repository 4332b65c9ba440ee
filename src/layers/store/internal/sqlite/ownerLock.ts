import type { FileSystem } from "@effect/platform/FileSystem"
import type { Path } from "@effect/platform/Path"
import Sqlite from "better-sqlite3"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { pid } from "node:process"
import { StoreError } from "../../../../domain/error/StoreError.js"
import { createFile } from "./database.js"
import { retryWhileBusy, storeErrorFrom, storeErrorOrDie } from "./errors.js"

/**
 * Locks a database until the scope closes. Fails with `Locked` and the owner's pid while another store holds the lock, in this
 * process or another.
 *
 * The lock is an open transaction on a small database, `<filename>-owner`, whose `user_version` is the pid. The system ends
 * the transaction with the process, so a lock is never stale. The file is never removed: otherwise two processes could lock
 * two files of the same name.
 */
export const ownDatabase = (
  filename: string
): Effect.Effect<void, StoreError, FileSystem | Path | Scope.Scope> =>
  Effect.zipRight(
    createFile(`${filename}-owner`),
    Effect.acquireRelease(
      retryWhileBusy(claim(`${filename}-owner`)),
      (owner) => Effect.sync(() => owner.close())
    )
  )

const claim = (filename: string): Effect.Effect<Sqlite.Database, StoreError> =>
  Effect.sync(() => {
    const owner = new Sqlite(filename, { fileMustExist: true, timeout: 0 })
    try {
      begin(owner)
      owner.pragma(`user_version = ${pid}`)
      owner.exec("COMMIT")
      // Unlike the lock of a commit, this one lets others read the pid.
      begin(owner)
      return owner
    } catch (error) {
      owner.close()
      throw error
    }
  }).pipe(Effect.catchAllDefect(storeErrorOrDie))

const begin = (owner: Sqlite.Database) => {
  try {
    owner.exec("BEGIN IMMEDIATE")
  } catch (error) {
    if (!Option.exists(storeErrorFrom(error), ({ reason }) => reason === "Busy")) throw error
    const holder = owner.pragma("user_version", { simple: true })
    // The owner has not written its pid yet.
    if (holder === 0) throw error
    throw new StoreError({ reason: "Locked", detail: holder === pid ? `pid ${pid}, this process` : `pid ${holder}` })
  }
}
