import { FileSystem } from "@effect/platform/FileSystem"
import { Path } from "@effect/platform/Path"
import Sqlite from "better-sqlite3"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { statfs } from "node:fs/promises"
import { pid } from "node:process"
import { StoreError } from "../../../../domain/error/StoreError.js"
import type { Durability } from "../../../../domain/Store.js"
import { retryWhileBusy, storeErrorFrom, storeErrorOrDie } from "./errors.js"

/**
 * The number by which the system knows the type of the file system that a path is on; 0 when it does not tell.
 */
export class FileSystemType extends Context.Reference<FileSystemType>()(
  "langswarm-session/layers/store/FileSystemType",
  {
    defaultValue: () => (path: string): Effect.Effect<number> =>
      Effect.orElseSucceed(Effect.tryPromise(() => statfs(path)), () => ({ type: 0 })).pipe(
        Effect.map(({ type }) => type)
      )
  }
) {}

/**
 * Makes an empty file that only its owner can read, and the directories above it, unless they exist. SQLite gives the files
 * that it puts beside it the same permissions.
 */
export const createFile = (filename: string): Effect.Effect<void, StoreError, FileSystem | Path> =>
  Effect.gen(function*() {
    const files = yield* FileSystem
    const path = yield* Path
    yield* files.makeDirectory(path.dirname(filename), { recursive: true, mode: 0o700 })
    yield* Effect.scoped(files.open(filename, { flag: "a+", mode: 0o600 }))
  }).pipe(Effect.catchAll(storeErrorOrDie))

/**
 * Whether every page that holds something makes sense. It reads them all, at about a second for each gigabyte that is in memory
 * already, and holds up the event loop meanwhile. Logs the first thing that is wrong; fails with `Corrupt` when that is the
 * header or the schema, without which nothing can be read.
 */
export const isIntact = (db: Sqlite.Database): Effect.Effect<boolean, StoreError> =>
  Effect.sync(() => problemOf(db)).pipe(
    Effect.catchAllDefect(storeErrorOrDie),
    Effect.tap((problem) =>
      problem === undefined ? Effect.void : Effect.logError(`The database is damaged: ${problem}`)
    ),
    Effect.map((problem) => problem === undefined)
  )

/** Table by table: of the whole database it would also have FTS5 read its index from end to end, which takes ten times as long. */
const problemOf = (db: Sqlite.Database): unknown =>
  db.prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0").pluck().all()
    .map((name) => db.pragma(`quick_check('${name.replaceAll("'", "''")}')`, { simple: true }))
    .find((found) => found !== "ok")

/**
 * Bytes that a WAL takes at most, unless a reader keeps it from being checkpointed: 64 MiB. SQLite starts to checkpoint at 4.
 */
export const walLimit = 64 * 1024 * 1024

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

/** The numbers are Linux's; see statfs(2). */
const networkFileSystems: ReadonlyMap<number, string> = new Map([
  [0x01021997, "9P"],
  [0x517b, "SMB"],
  [0x5346414f, "AFS"],
  [0x65735546, "FUSE"],
  [0x6969, "NFS"],
  [0x00c36400, "Ceph"],
  [0xfe534d42, "SMB"],
  [0xff534d42, "CIFS"]
])

/**
 * Logs a warning when a database lies on a network file system, where neither its locks nor its shared memory can be relied
 * upon. Local ones that run in FUSE are warned of too: from outside they look the same.
 */
export const warnOfNetworkFileSystem = (filename: string): Effect.Effect<void> =>
  Effect.gen(function*() {
    const typeOf = yield* FileSystemType
    const name = networkFileSystems.get((yield* typeOf(filename)) >>> 0)
    if (name === undefined) return
    yield* Effect.logWarning(
      `The database is on a network file system (${name}): keep it on a local disk, or a second process may damage it`
    )
  })

/**
 * Looks at the size of a database's WAL every 10 seconds until the scope closes, and logs a warning when it has grown over
 * `limit` bytes; another one only after it was below. It grows while somebody reads one snapshot for long: what was written
 * since then cannot be moved into the database.
 */
export const watchWal = (
  filename: string,
  limit: number
): Effect.Effect<void, never, FileSystem | Scope.Scope> =>
  Effect.gen(function*() {
    const files = yield* FileSystem
    const wasOver = yield* Ref.make(false)
    const look = Effect.gen(function*() {
      const { size } = yield* files.stat(`${filename}-wal`)
      const isOver = size > limit
      if (!(yield* Ref.getAndSet(wasOver, isOver)) && isOver) {
        yield* Effect.logWarning(
          `The database's WAL has grown to ${size} bytes: somebody has been reading the database for too long`
        )
      }
    })
    yield* Effect.forkScoped(Effect.repeat(Effect.ignore(look), Schedule.spaced("10 seconds")))
  })
