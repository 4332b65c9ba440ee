import type Sqlite from "better-sqlite3"
import * as Option from "effect/Option"
import { driverCode } from "./driverCode.js"

/**
 * One of the writes that share a transaction.
 */
export interface Write<Statements> {
  /** Makes its changes and notes its answer. False when the changes must be undone. Never throws. */
  readonly attempt: (statements: Statements) => boolean
}

/**
 * What became of a transaction. `Committed`: all writes have their answer. `Undone`: one write took the whole transaction
 * down, as a full disk does; only that one has its answer. `Refused`: nothing is stored. `InDoubt`: COMMIT failed, and what
 * it carried may be in the WAL. After `Refused` and `InDoubt` the connection may still hold a transaction, which closing it
 * rolls back.
 */
export type Outcome<W> =
  | { readonly _tag: "Committed" }
  | { readonly _tag: "Undone"; readonly by: W }
  | { readonly _tag: "Refused"; readonly error: unknown }
  | { readonly _tag: "InDoubt"; readonly error: unknown }

/**
 * Makes a function that runs writes in one transaction, each in a savepoint of its own, so that a write which fails takes
 * back no other.
 */
export const transactOn = <Statements>(db: Sqlite.Database, statements: Statements) => {
  const begin = db.prepare("BEGIN IMMEDIATE")
  const commit = db.prepare("COMMIT")
  const savepoint = db.prepare("SAVEPOINT one_write")
  const release = db.prepare("RELEASE one_write")
  const rollbackTo = db.prepare("ROLLBACK TO one_write")

  return <W extends Write<Statements>>(writes: ReadonlyArray<W>): Outcome<W> => {
    try {
      begin.run()
      for (const write of writes) {
        savepoint.run()
        if (!write.attempt(statements)) {
          if (!db.inTransaction) return { _tag: "Undone", by: write }
          rollbackTo.run()
        }
        release.run()
      }
    } catch (error) {
      return { _tag: "Refused", error }
    }
    try {
      commit.run()
      return { _tag: "Committed" }
    } catch (error) {
      return { _tag: isFull(error) ? "Refused" : "InDoubt", error }
    }
  }
}

/** Then COMMIT has failed while it wrote to the WAL, where the frame that makes a transaction count is the last one. */
const isFull = (error: unknown): boolean => Option.contains(driverCode(error), "SQLITE_FULL")
