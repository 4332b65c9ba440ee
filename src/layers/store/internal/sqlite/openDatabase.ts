import Sqlite from "better-sqlite3"
import * as Effect from "effect/Effect"
import type { Durability } from "../../../../domain/Durability.js"
import { StoreError } from "../../../../domain/error/StoreError.js"
import { storeErrorOrDie } from "./storeErrorOrDie.js"
import { walLimit } from "./walLimit.js"

/**
 * Opens a connection that writes. The caller closes it.
 */
export const openDatabase = (
  filename: string,
  durability: Extract<Durability, "disk" | "process">
): Effect.Effect<Sqlite.Database, StoreError> =>
  Effect.sync(() => {
    // Without a timeout SQLite answers SQLITE_BUSY at once; with one it would stop the event loop.
    const db = new Sqlite(filename, { fileMustExist: true, timeout: 0 })
    try {
      configure(db, durability)
      return db
    } catch (error) {
      db.close()
      throw error
    }
  }).pipe(Effect.catchAllDefect(storeErrorOrDie))

const configure = (db: Sqlite.Database, durability: "disk" | "process") => {
  // Before anything is in it, so that it can be made smaller in steps. Later it would be a write, and change nothing.
  if (db.pragma("page_count", { simple: true }) === 0) db.pragma("auto_vacuum = INCREMENTAL")
  if (db.pragma("journal_mode = WAL", { simple: true }) !== "wal") {
    throw new StoreError({ reason: "Unavailable", detail: "the file system does not support SQLite's WAL" })
  }
  // Said out loud: the driver is built to fall back to NORMAL in WAL mode, and its pragma hides that until a write.
  db.pragma(`synchronous = ${durability === "disk" ? "FULL" : "NORMAL"}`)
  // The file shrinks to this once a WAL that had to grow is done with.
  db.pragma(`journal_size_limit = ${walLimit}`)
  db.pragma("foreign_keys = ON")
  // Zeros over what is removed: a user who was erased must not be found in a free page.
  db.pragma("secure_delete = ON")
  db.pragma("trusted_schema = OFF")
  db.pragma("cell_size_check = ON")
}
