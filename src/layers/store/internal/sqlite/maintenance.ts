import { FileSystem } from "@effect/platform/FileSystem"
import type { Path } from "@effect/platform/Path"
import type { SqlClient } from "@effect/sql/SqlClient"
import type Sqlite from "better-sqlite3"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { StoreError } from "../../../../domain/error/StoreError.js"
import type { Durability } from "../../../../domain/Store.js"
import type { SessionStore, StoreMaintenance } from "../../../../services/SessionStore.js"
import { backupDatabase, listBackups } from "./backups.js"
import type { CopyStatements } from "./databaseCopy.js"
import { retryWhileBusy } from "./errors.js"
import type { GroupCommitter } from "./GroupCommitter.js"
import { type Indexer, type IndexStatements, purgeIndex } from "./indexer.js"
import { decodeRow, readRows } from "./rows.js"

interface DatabaseFigures {
  readonly sessions: number
  readonly messages: number
  readonly schemaVersion: number
  readonly pageSize: number
  readonly pages: number
  readonly freePages: number
  readonly unindexedSessions: number
}

export interface MaintenanceStatements {
  readonly figures: Sqlite.Statement<[], DatabaseFigures>
  readonly analyze: Sqlite.Statement<[]>
  /** Returns free pages to the file system. */
  readonly vacuum: (pages: number) => void
  readonly truncateWal: Sqlite.Statement<[], { busy: number }>
}

export const prepareMaintenance = (db: Sqlite.Database): MaintenanceStatements => {
  // The most rows of an index that ANALYZE reads, so that a large table takes no longer.
  db.pragma("analysis_limit = 400")
  return {
    // Counters and pragmas: no row is counted, except the few sessions that wait to be indexed.
    figures: db.prepare(`
      SELECT
        (SELECT value FROM totals WHERE name = 'sessions') AS sessions,
        (SELECT value FROM totals WHERE name = 'messages') AS messages,
        (SELECT max(migration_id) FROM langswarm_migrations) AS schemaVersion,
        (SELECT page_size FROM pragma_page_size) AS pageSize,
        (SELECT page_count FROM pragma_page_count) AS pages,
        (SELECT freelist_count FROM pragma_freelist_count) AS freePages,
        (
          SELECT count(*) FROM sessions INDEXED BY sessions_unindexed WHERE indexed_seq < last_seq
        ) AS unindexedSessions`),

    analyze: db.prepare(`PRAGMA optimize`),
    vacuum: (pages) => void db.pragma(`incremental_vacuum(${pages})`),
    truncateWal: db.prepare(`PRAGMA wal_checkpoint(TRUNCATE)`)
  }
}

/**
 * Maintenance of a database in use. One operation at a time, since each loads the whole disk.
 */
export const maintenanceOperations = (
  committer: GroupCommitter<CopyStatements & IndexStatements & MaintenanceStatements>,
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

/** Pages that one transaction returns. */
const vacuumPages = 256

/**
 * Merges the search index, updates the planner's statistics, returns free pages and empties the WAL, all in steps of some
 * milliseconds. Returns the steps of the merge.
 */
const optimizeDatabase = (
  committer: GroupCommitter<IndexStatements & MaintenanceStatements>,
  indexer: Pick<Indexer, "catchUp">
): Effect.Effect<number, StoreError> =>
  Effect.gen(function*() {
    const steps = yield* purgeIndex(committer, indexer)
    yield* committer.write((on) => {
      on.analyze.run()
      return Either.void
    })
    while (yield* vacuumSome(committer));
    yield* emptyWal(committer)
    return steps
  })

/** Returns whether more pages are left. A database that another tool made may not return any. */
const vacuumSome = (committer: GroupCommitter<MaintenanceStatements>) =>
  committer.write((on) => {
    const before = freePages(on)
    if (before > 0) on.vacuum(vacuumPages)
    const after = freePages(on)
    return Either.right(after > 0 && after < before)
  })

const freePages = (on: MaintenanceStatements): number => on.figures.get()?.freePages ?? 0

/**
 * Moves the content of the WAL into the database and truncates the WAL. Fails with `Busy` when a reader holds one snapshot for
 * more than 5 seconds.
 */
export const emptyWal = ({ read }: GroupCommitter<MaintenanceStatements>): Effect.Effect<void, StoreError> =>
  retryWhileBusy(read((on) => {
    if (on.truncateWal.get()?.busy !== 0) throw new StoreError({ reason: "Busy", detail: "wal_checkpoint" })
  }))

const decodeSize = decodeRow(
  Schema.Tuple(Schema.Struct({
    sessions: Schema.NonNegativeInt,
    bytes: Schema.NonNegativeInt,
    deadLetters: Schema.NonNegativeInt
  }))
)

/**
 * Health of the store. `ok` is false when the database cannot be read.
 */
export const healthQueries = (sql: SqlClient, durability: Durability): Pick<SessionStore["Type"], "health"> => ({
  health: readRows(sql`
      SELECT
        (SELECT value FROM totals WHERE name = 'sessions') AS sessions,
        (SELECT value FROM totals WHERE name = 'dead_letters') AS dead_letters,
        (SELECT page_count FROM pragma_page_count) * (SELECT page_size FROM pragma_page_size) AS bytes`).pipe(
    Effect.flatMap(decodeSize),
    Effect.map(([counts]) => ({ name: "sqlite", durability, ok: true, ...counts })),
    Effect.catchTag(
      "StoreError",
      () => Effect.succeed({ name: "sqlite", durability, ok: false, sessions: 0, bytes: 0, deadLetters: 0 })
    )
  )
})
