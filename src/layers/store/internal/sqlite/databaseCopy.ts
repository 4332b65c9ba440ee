import type { PlatformError } from "@effect/platform/Error"
import { FileSystem } from "@effect/platform/FileSystem"
import type { Path } from "@effect/platform/Path"
import Sqlite from "better-sqlite3"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import { StoreError } from "../../../../domain/error/StoreError.js"
import { createFile } from "./database.js"
import { storeErrorOrDie } from "./errors.js"
import type { GroupCommitter } from "./GroupCommitter.js"

export interface CopyStatements {
  /** Copies the database, some pages in each turn of the event loop. An error that `onStep` throws stops it. */
  readonly copyTo: (path: string, onStep: () => void) => Promise<unknown>
}

/** Pages copied in one step: a megabyte. */
const pagesPerStep = 256

export const prepareCopies = (db: Sqlite.Database): CopyStatements => ({
  copyTo: (path, onStep) =>
    db.backup(path, {
      progress: () => {
        onStep()
        return pagesPerStep
      }
    }).catch((error: unknown) => {
      throw db.open ? error : new StoreError({ reason: "Unavailable", detail: "the connection was closed" })
    })
})

/**
 * Copies a database that is in use to a new file, which is complete and on disk when this returns. It is a single file without
 * a WAL, readable by its owner only. Copies of one state are equal byte for byte.
 *
 * `read` runs on the connection that writes, if there is one: its own commits go into the copy too, and a commit on any other
 * connection would make the copy start over.
 */
export const copyDatabase = (
  { read }: Pick<GroupCommitter<CopyStatements>, "read">,
  path: string
): Effect.Effect<void, PlatformError | StoreError, FileSystem | Path> =>
  createFile(path).pipe(
    Effect.zipRight(copyPages(read, path)),
    Effect.zipRight(closeCopy(path)),
    Effect.zipRight(syncFile(path))
  )

/** On interruption, waits for the current step. */
const copyPages = (read: GroupCommitter<CopyStatements>["read"], path: string): Effect.Effect<void, StoreError> =>
  Effect.acquireUseRelease(
    Effect.sync(() => ({ stopped: false, done: Promise.resolve<unknown>(undefined) })),
    (copying) =>
      Effect.zipRight(
        read((on) => {
          copying.done = on.copyTo(path, () => {
            if (copying.stopped) throw new Error("The copy was interrupted")
          })
        }),
        Effect.promise(() => copying.done)
      ),
    (copying) =>
      Effect.promise(() => {
        copying.stopped = true
        return copying.done.catch(() => undefined)
      })
  ).pipe(Effect.asVoid, Effect.catchAllDefect(storeErrorOrDie))

const closeCopy = (path: string): Effect.Effect<void, StoreError> =>
  Effect.sync(() => {
    const db = new Sqlite(path, { fileMustExist: true })
    try {
      db.pragma("journal_mode = DELETE")
    } finally {
      db.close()
    }
  }).pipe(Effect.catchAllDefect(storeErrorOrDie))

export const syncFile = (path: string): Effect.Effect<void, PlatformError, FileSystem> =>
  Effect.scoped(
    Effect.flatMap(FileSystem, (files) => Effect.flatMap(files.open(path, { flag: "r" }), (file) => file.sync))
  )

/** Makes the names in a directory durable. Some systems cannot open a directory, and do not need to. */
export const syncDirectory = (path: string): Effect.Effect<void, never, FileSystem> => Effect.ignore(syncFile(path))

export const sha256Of = (path: string): Effect.Effect<string, PlatformError, FileSystem> =>
  Effect.flatMap(
    FileSystem,
    (files) => Stream.runFold(files.stream(path), createHash("sha256"), (hash, bytes) => hash.update(bytes))
  ).pipe(
    Effect.map((hash) => hash.digest("hex"))
  )
