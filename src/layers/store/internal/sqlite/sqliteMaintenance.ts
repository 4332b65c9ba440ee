import { FileSystem } from "@effect/platform/FileSystem"
import type { Path } from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import { StoreError } from "../../../../domain/error/StoreError.js"
import type { StoreMaintenance } from "../../../../services/StoreMaintenance.js"
import { backupDatabase } from "./backupDatabase.js"
import type { GroupCommitter } from "./GroupCommitter.js"
import type { Indexer } from "./keepIndexed.js"
import { listBackups } from "./listBackups.js"
import { optimizeDatabase } from "./optimizeDatabase.js"
import type { MaintenanceStatements } from "./prepareMaintenance.js"
import type { SearchStatements } from "./prepareSearch.js"

/**
 * Maintenance of a database that is being used. One at a time: each is the whole disk's work.
 */
export const sqliteMaintenance = (
  committer: GroupCommitter<MaintenanceStatements & SearchStatements>,
  indexer: Indexer,
  place: { readonly directory: string; readonly filename: string }
): Effect.Effect<Required<StoreMaintenance>, never, FileSystem | Path> =>
  Effect.gen(function*() {
    const files = yield* FileSystem
    const context = yield* Effect.context<FileSystem | Path>()
    const oneAtATime = (yield* Effect.makeSemaphore(1)).withPermits(1)

    const sizeOf = (path: string) =>
      Effect.orElseSucceed(Effect.map(files.stat(path), ({ size }) => Number(size)), () => 0)
    const walBytes = sizeOf(`${place.filename}-wal`)
    const bytes = Effect.zipWith(sizeOf(place.filename), walBytes, (file, wal) => file + wal)

    return {
      optimize: oneAtATime(Effect.gen(function*() {
        const bytesBefore = yield* bytes
        const mergeSteps = yield* optimizeDatabase(committer, indexer)
        return { bytesBefore, bytesAfter: yield* bytes, mergeSteps }
      })),

      stats: Effect.gen(function*() {
        const figures = yield* committer.read((on) => on.figures.get())
        if (figures === undefined) return yield* new StoreError({ reason: "Corrupt", detail: "totals" })
        const { messages, sessions, ...database } = figures
        return {
          name: "sqlite",
          sessions,
          messages,
          bytes: yield* bytes,
          database: {
            ...database,
            walBytes: yield* walBytes,
            backups: yield* Effect.provide(listBackups(place.directory), context)
          }
        }
      }),

      backup: (name) => oneAtATime(Effect.provide(backupDatabase(committer, place, name), context))
    }
  })
