import type { FileSystem } from "@effect/platform/FileSystem"
import type { Path } from "@effect/platform/Path"
import Sqlite from "better-sqlite3"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { pid } from "node:process"
import { StoreError } from "../../../../domain/error/StoreError.js"
import { createFile } from "./createFile.js"
import { retryWhileBusy } from "./retryWhileBusy.js"
import { storeErrorFrom } from "./storeErrorFrom.js"
import { storeErrorOrDie } from "./storeErrorOrDie.js"

/**
 * Holds a database for its caller until the scope closes. Fails with `Locked`, and the holder's pid, while anybody holds it,
 * be it in this process.
 *
 * The lock is a transaction that stays open on a small database beside, `<filename>-owner`, whose `user_version` is the pid.
 * The system ends it with the process, however that ends, so there is no stale lock to judge. The file itself stays: to
 * remove it is to let two processes lock two files of one name.
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
      // This lock, unlike the one that a commit takes, lets others read who has it.
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
    // It has begun, and is about to write its pid.
    if (holder === 0) throw error
    throw new StoreError({ reason: "Locked", detail: holder === pid ? `pid ${pid}, this one` : `pid ${holder}` })
  }
}
