import { FileSystem } from "@effect/platform/FileSystem"
import { Path } from "@effect/platform/Path"
import Sqlite from "better-sqlite3"
import * as Arr from "effect/Array"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Order from "effect/Order"
import * as Schema from "effect/Schema"
import { InvalidRequest } from "../../../../domain/error/RequestError.js"
import type { StoreError } from "../../../../domain/error/StoreError.js"
import type { BackupName } from "../../../../domain/Ids.js"
import { StoreBackup } from "../../../../domain/Store.js"
import { createFile } from "./database.js"
import { copyDatabase, type CopyStatements, sha256Of, syncDirectory, syncFile } from "./databaseCopy.js"
import { driverCode, storeErrorOrDie } from "./errors.js"
import type { GroupCommitter } from "./GroupCommitter.js"

const encode = Schema.encode(Schema.parseJson(StoreBackup, { space: 2 }))

/**
 * Copies a database to `<directory>/<name>.db`, with its manifest in `<name>.json`. The copy is made in a temporary directory
 * next to it and gets its name once it is complete and on disk. Existing files are never replaced. The next backup removes
 * the temporary directory of a process that ended before.
 */
export const backupDatabase = (
  committer: GroupCommitter<CopyStatements>,
  { directory, filename }: { readonly directory: string; readonly filename: string },
  name: BackupName
): Effect.Effect<StoreBackup, InvalidRequest | StoreError, FileSystem | Path> =>
  Effect.scoped(Effect.gen(function*() {
    const files = yield* FileSystem
    const { basename, join } = yield* Path
    const target = join(directory, `${name}.db`)
    const manifest = join(directory, `${name}.json`)
    yield* files.makeDirectory(directory, { recursive: true, mode: 0o700 })
    for (const path of [target, manifest]) if (yield* files.exists(path)) return yield* nameIsTaken(name)

    const prefix = `.${basename(filename)}-partial-`
    for (const entry of yield* files.readDirectory(directory)) {
      if (entry.startsWith(prefix)) yield* files.remove(join(directory, entry), { recursive: true })
    }
    const partial = yield* files.makeTempDirectoryScoped({ directory, prefix })
    const copy = join(partial, "copy.db")
    yield* copyDatabase(committer, copy)
    const counts = yield* countsOf(copy)

    const { size } = yield* files.stat(copy)
    const backup = { name, at: yield* DateTime.now, bytes: Number(size), sha256: yield* sha256Of(copy), ...counts }
    const about = join(partial, "copy.json")
    yield* createFile(about)
    yield* files.writeFileString(about, `${yield* Effect.orDie(encode(backup))}\n`)
    yield* syncFile(about)

    // A link and not a rename, since a rename would replace an existing file.
    yield* Effect.catchIf(files.link(copy, target), isExisting, () => nameIsTaken(name))
    yield* Effect.catchIf(files.link(about, manifest), isExisting, () => nameIsTaken(name))
    yield* syncDirectory(directory)
    return backup
  })).pipe(Effect.catchTags({ BadArgument: storeErrorOrDie, SystemError: storeErrorOrDie }))

const nameIsTaken = (name: BackupName) =>
  new InvalidRequest({ path: ["name"], reason: `must be unique: a backup named "${name}" already exists` })

const isExisting = (error: unknown): boolean => Option.contains(driverCode(error), "EEXIST")

/** The counts of the manifest. */
const countsOf = (path: string) =>
  Effect.sync(() => {
    const db = new Sqlite(path, { fileMustExist: true })
    try {
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

const decode = Schema.decode(Schema.parseJson(StoreBackup))

const latestFirst = Order.mapInput(Order.reverse(DateTime.Order), ({ at }: StoreBackup) => at)

/** The most backups that are listed. */
const maxBackups = 1000

/**
 * The backups in a directory, latest first. Files that are not backups or cannot be read are left out.
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
