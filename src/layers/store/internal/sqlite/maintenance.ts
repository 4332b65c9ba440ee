import { FileSystem } from "@effect/platform/FileSystem"
import { Path } from "@effect/platform/Path"
import Sqlite from "better-sqlite3"
import * as Arr from "effect/Array"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Order from "effect/Order"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import { InvalidRequest } from "../../../../domain/error/RequestError.js"
import { StoreError } from "../../../../domain/error/StoreError.js"
import type { BackupName } from "../../../../domain/Ids.js"
import { StoreBackup } from "../../../../domain/Store.js"
import type { StoreMaintenance } from "../../../../services/SessionStore.js"
import { createFile } from "./database.js"
import { driverCode, retryWhileBusy, storeErrorOrDie } from "./errors.js"
import type { GroupCommitter } from "./GroupCommitter.js"
import { type Indexer, purgeIndex } from "./indexer.js"
import type { SearchStatements } from "./search.js"

export interface DatabaseFigures {
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
  /** Gives free pages back to the file system. */
  readonly giveBack: (pages: number) => void
  readonly truncateWal: Sqlite.Statement<[], { busy: number }>
  /** Copies the database, some pages in each turn of the event loop. What `onStep` throws ends it. */
  readonly copyTo: (path: string, onStep: () => void) => Promise<unknown>
}

/** Pages that are copied in one go: a megabyte. */
const pagesPerStep = 256

/**
 * What maintenance runs on the connection that writes.
 */
export const prepareMaintenance = (db: Sqlite.Database): MaintenanceStatements => {
  // Rows of an index that an analysis looks at, so that it takes no longer for a large table.
  db.pragma("analysis_limit = 400")
  return {
    // Nothing of it counts rows, but those of the few sessions that wait to be indexed.
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
    giveBack: (pages) => void db.pragma(`incremental_vacuum(${pages})`),
    truncateWal: db.prepare(`PRAGMA wal_checkpoint(TRUNCATE)`),

    copyTo: (path, onStep) =>
      db.backup(path, {
        progress: () => {
          onStep()
          return pagesPerStep
        }
      }).catch((error: unknown) => {
        throw db.open ? error : new StoreError({ reason: "Unavailable", detail: "the connection was closed" })
      })
  }
}

const encode = Schema.encode(Schema.parseJson(StoreBackup, { space: 2 }))

/**
 * Copies a database into `<directory>/<name>.db`, with what there is to know about the copy in `<name>.json`. It is made in a
 * directory of its own beside, and gets its name once it is complete and on disk; nothing that has this name already is
 * replaced. A process that ends before leaves that directory, which the next backup removes.
 *
 * It is copied on the connection that writes, which takes its commits along: on another, each would make it start over.
 */
export const backupDatabase = (
  committer: GroupCommitter<MaintenanceStatements>,
  { directory, filename }: { readonly directory: string; readonly filename: string },
  name: BackupName
): Effect.Effect<StoreBackup, InvalidRequest | StoreError, FileSystem | Path> =>
  Effect.scoped(Effect.gen(function*() {
    const files = yield* FileSystem
    const { basename, join } = yield* Path
    const target = join(directory, `${name}.db`)
    const manifest = join(directory, `${name}.json`)
    yield* files.makeDirectory(directory, { recursive: true, mode: 0o700 })
    for (const path of [target, manifest]) if (yield* files.exists(path)) return yield* isThere(name)

    const prefix = `.${basename(filename)}-partial-`
    for (const entry of yield* files.readDirectory(directory)) {
      if (entry.startsWith(prefix)) yield* files.remove(join(directory, entry), { recursive: true })
    }
    const partial = yield* files.makeTempDirectoryScoped({ directory, prefix })
    const copy = join(partial, "copy.db")
    yield* createFile(copy)
    yield* copyTo(committer, copy)
    const counts = yield* closeCopy(copy)
    yield* sync(copy)

    const { size } = yield* files.stat(copy)
    const backup = { name, at: yield* DateTime.now, bytes: Number(size), sha256: yield* sha256Of(copy), ...counts }
    const about = join(partial, "copy.json")
    yield* createFile(about)
    yield* files.writeFileString(about, `${yield* Effect.orDie(encode(backup))}\n`)
    yield* sync(about)

    // A link, and no rename, since that would replace what somebody else has put there.
    yield* Effect.catchIf(files.link(copy, target), isExisting, () => isThere(name))
    yield* Effect.catchIf(files.link(about, manifest), isExisting, () => isThere(name))
    // Some systems cannot open a directory, and need not.
    yield* Effect.ignore(sync(directory))
    return backup
  })).pipe(Effect.catchTags({ BadArgument: storeErrorOrDie, SystemError: storeErrorOrDie }))

const isThere = (name: BackupName) =>
  new InvalidRequest({ path: ["name"], reason: `must be another one: there is a backup "${name}" already` })

const isExisting = (error: unknown): boolean => Option.contains(driverCode(error), "EEXIST")

/** Interrupted, it waits for the step it is in. */
const copyTo = (committer: GroupCommitter<MaintenanceStatements>, path: string): Effect.Effect<void, StoreError> =>
  Effect.acquireUseRelease(
    Effect.sync(() => ({ stopped: false, done: Promise.resolve<unknown>(undefined) })),
    (copying) =>
      Effect.zipRight(
        committer.read((on) => {
          copying.done = on.copyTo(path, () => {
            if (copying.stopped) throw new Error("The backup was interrupted")
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

/** Makes of the copy a database that is one file, and answers what it holds. */
const closeCopy = (path: string) =>
  Effect.sync(() => {
    const db = new Sqlite(path, { fileMustExist: true })
    try {
      db.pragma("journal_mode = DELETE")
      db.pragma("trusted_schema = OFF")
      return db.prepare<[], { sessions: number; schemaVersion: number }>(`
        SELECT
          (SELECT value FROM totals WHERE name = 'sessions') AS sessions,
          (SELECT max(migration_id) FROM langswarm_migrations) AS schemaVersion`).get() ??
        { sessions: 0, schemaVersion: 0 }
    } finally {
      db.close()
    }
  }).pipe(Effect.catchAllDefect(storeErrorOrDie))

const sync = (path: string) =>
  Effect.scoped(
    Effect.flatMap(FileSystem, (files) => Effect.flatMap(files.open(path, { flag: "r" }), (file) => file.sync))
  )

const sha256Of = (path: string) =>
  Effect.flatMap(
    FileSystem,
    (files) => Stream.runFold(files.stream(path), createHash("sha256"), (hash, bytes) => hash.update(bytes))
  ).pipe(
    Effect.map((hash) => hash.digest("hex"))
  )

/**
 * Moves all that is in the WAL into the database, and empties it. Fails with `Busy` when somebody reads one snapshot for more
 * than 5 seconds.
 */
export const emptyWal = ({ read }: GroupCommitter<MaintenanceStatements>): Effect.Effect<void, StoreError> =>
  retryWhileBusy(read((on) => {
    if (on.truncateWal.get()?.busy !== 0) throw new StoreError({ reason: "Busy", detail: "wal_checkpoint" })
  }))

const decode = Schema.decode(Schema.parseJson(StoreBackup))

const latestFirst = Order.mapInput(Order.reverse(DateTime.Order), ({ at }: StoreBackup) => at)

/** More than anybody looks at. */
const maxBackups = 1000

/**
 * The backups in a directory, the latest first. What is there beside them, or cannot be read, is left out.
 */
export const listBackups = (
  directory: string
): Effect.Effect<ReadonlyArray<StoreBackup>, never, FileSystem | Path> =>
  Effect.gen(function*() {
    const files = yield* FileSystem
    const { join } = yield* Path
    const entries = yield* Effect.orElseSucceed(files.readDirectory(directory), () => [])
    const there = new Set(entries)
    const names = entries.filter((entry) => entry.endsWith(".json")).map((entry) => entry.slice(0, -".json".length))
    const found = yield* Effect.forEach(
      Arr.take(names.filter((name) => there.has(`${name}.db`)), maxBackups),
      (name) => Effect.option(Effect.flatMap(files.readFileString(join(directory, `${name}.json`)), decode))
    )
    return Arr.sort(Arr.getSomes(found), latestFirst)
  })

/** Pages that are given back in one transaction. */
const vacuumPages = 256

/**
 * Merges the index of search, lets SQLite look at what its queries would be faster with, gives free pages back, and empties
 * the WAL; all in steps that take some milliseconds. Answers the steps of the merge.
 */
export const optimizeDatabase = (
  committer: GroupCommitter<MaintenanceStatements & SearchStatements>,
  indexer: Pick<Indexer, "catchUp">
): Effect.Effect<number, StoreError> =>
  Effect.gen(function*() {
    const steps = yield* purgeIndex(committer, indexer)
    yield* committer.write((on) => {
      on.analyze.run()
      return Either.void
    })
    // A database that was made by something else may not give back any.
    while (yield* giveBack(committer));
    yield* emptyWal(committer)
    return steps
  })

/** Answers whether there are more. */
const giveBack = (committer: GroupCommitter<MaintenanceStatements>) =>
  committer.write((on) => {
    const before = freePages(on)
    if (before > 0) on.giveBack(vacuumPages)
    const after = freePages(on)
    return Either.right(after > 0 && after < before)
  })

const freePages = (on: MaintenanceStatements): number => on.figures.get()?.freePages ?? 0

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
