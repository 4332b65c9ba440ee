import { FileSystem } from "@effect/platform/FileSystem"
import { Path } from "@effect/platform/Path"
import Sqlite from "better-sqlite3"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import type { BackupName } from "../../../../domain/BackupName.js"
import { InvalidRequest } from "../../../../domain/error/InvalidRequest.js"
import type { StoreError } from "../../../../domain/error/StoreError.js"
import { StoreBackup } from "../../../../domain/StoreBackup.js"
import { createFile } from "./createFile.js"
import { driverCode } from "./driverCode.js"
import type { GroupCommitter } from "./GroupCommitter.js"
import type { MaintenanceStatements } from "./prepareMaintenance.js"
import { storeErrorOrDie } from "./storeErrorOrDie.js"

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
