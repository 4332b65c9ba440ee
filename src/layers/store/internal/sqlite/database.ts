import { FileSystem } from "@effect/platform/FileSystem"
import { Path } from "@effect/platform/Path"
import * as SqliteClient from "@effect/sql-sqlite-node/SqliteClient"
import { SqlClient } from "@effect/sql/SqlClient"
import Sqlite from "better-sqlite3"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { snakeToCamel } from "effect/String"
import { statfs } from "node:fs/promises"
import { StoreError } from "../../../../domain/error/StoreError.js"
import type { Durability } from "../../../../domain/Store.js"
import { storeErrorOrDie } from "./errors.js"

/**
 * Opens a connection that writes. The caller must close it.
 */
export const openDatabase = (
  filename: string,
  durability: Extract<Durability, "disk" | "process">
): Effect.Effect<Sqlite.Database, StoreError> =>
  Effect.sync(() => {
    // Without a timeout SQLite returns SQLITE_BUSY at once. With one it would block the event loop.
    const db = new Sqlite(filename, { fileMustExist: true, timeout: 0 })
    try {
      configure(db, durability)
      return db
    } catch (error) {
      db.close()
      throw error
    }
  }).pipe(Effect.catchAllDefect(storeErrorOrDie))

/**
 * Opens a connection to look at a database that may not be ours. It changes no byte of the file: a WAL that a killed process
 * left stays beside it. The caller must close it.
 */
export const openUnchanged = (filename: string): Effect.Effect<Sqlite.Database, StoreError, FileSystem> =>
  Effect.flatMap(FileSystem, (files) => files.exists(`${filename}-wal`)).pipe(
    // The last connection that may write checkpoints the WAL when it closes. One that may not cannot roll back a journal.
    Effect.map((readonly) => new Sqlite(filename, { fileMustExist: true, readonly, timeout: 0 })),
    Effect.tap((db) => {
      db.pragma("trusted_schema = OFF")
      db.pragma("cell_size_check = ON")
    }),
    Effect.catchAll(storeErrorOrDie),
    Effect.catchAllDefect(storeErrorOrDie)
  )

const configure = (db: Sqlite.Database, durability: "disk" | "process") => {
  // Lets `optimize` shrink the file in steps. It takes effect only in an empty database.
  if (db.pragma("page_count", { simple: true }) === 0) db.pragma("auto_vacuum = INCREMENTAL")
  if (db.pragma("journal_mode = WAL", { simple: true }) !== "wal") {
    throw new StoreError({ reason: "Unavailable", detail: "the file system does not support SQLite's WAL" })
  }
  // Explicit, since the driver's build defaults to NORMAL in WAL mode, and its pragma does not show that before a write.
  db.pragma(`synchronous = ${durability === "disk" ? "FULL" : "NORMAL"}`)
  // A WAL that had to grow is truncated to this size by the next checkpoint that resets it.
  db.pragma(`journal_size_limit = ${walLimit}`)
  db.pragma("foreign_keys = ON")
  // Overwrites removed data with zeros: no free page may hold data of an erased user.
  db.pragma("secure_delete = ON")
  db.pragma("trusted_schema = OFF")
  db.pragma("cell_size_check = ON")
}

/**
 * Opens the connection for migrations and reads.
 */
export const openClient = Effect.fnUntraced(
  function*(filename: string) {
    const services = yield* Layer.build(SqliteClient.layer({ filename, transformResultNames: snakeToCamel }))
    const sql = Context.get(services, SqlClient)
    yield* sql`PRAGMA busy_timeout = 0`
    yield* sql`PRAGMA trusted_schema = OFF`
    yield* sql`PRAGMA cell_size_check = ON`
    return sql
  },
  Effect.catchTags({ ConfigError: Effect.die, SqlError: storeErrorOrDie }),
  Effect.catchAllDefect(storeErrorOrDie)
)

/**
 * Creates an empty file that only its owner can read, and its directories, unless they exist. SQLite gives the files next to
 * it the same permissions.
 */
export const createFile = (filename: string): Effect.Effect<void, StoreError, FileSystem | Path> =>
  Effect.gen(function*() {
    const files = yield* FileSystem
    const path = yield* Path
    yield* files.makeDirectory(path.dirname(filename), { recursive: true, mode: 0o700 })
    yield* Effect.scoped(files.open(filename, { flag: "a+", mode: 0o600 }))
  }).pipe(Effect.catchAll(storeErrorOrDie))

/**
 * Checks every page in use. It takes about a second for each gigabyte that is cached in memory, and blocks the event loop.
 * Logs the first problem. Fails with `Corrupt` when the header or the schema is damaged, without which nothing can be read.
 */
export const isIntact = (db: Sqlite.Database): Effect.Effect<boolean, StoreError> =>
  Effect.sync(() => problemOf(db)).pipe(
    Effect.catchAllDefect(storeErrorOrDie),
    Effect.tap((problem) =>
      problem === undefined ? Effect.void : Effect.logError(`The database is damaged: ${problem}`)
    ),
    Effect.map((problem) => problem === undefined)
  )

/** Table by table, since a check of the whole database includes the FTS5 index, which takes ten times as long. */
const problemOf = (db: Sqlite.Database): unknown =>
  db.prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0").pluck().all()
    .map((name) => db.pragma(`quick_check('${name.replaceAll("'", "''")}')`, { simple: true }))
    .find((found) => found !== "ok")

/**
 * Bytes that the WAL reaches only when a reader blocks checkpoints: 64 MiB. SQLite starts to checkpoint at 4 MiB.
 */
export const walLimit = 64 * 1024 * 1024

/**
 * Checks the size of the WAL every 10 seconds until the scope closes. Logs a warning when it grows over `limit` bytes, and
 * again only after it was below. It grows while a reader holds one snapshot: later writes cannot be checkpointed.
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
          `The database's WAL has grown to ${size} bytes: a reader has held one snapshot for too long`
        )
      }
    })
    yield* Effect.forkScoped(Effect.repeat(Effect.ignore(look), Schedule.spaced("10 seconds")))
  })

/**
 * Logs a warning when a database is on a network file system, where locks and shared memory are unreliable. This includes
 * local file systems in FUSE, which look the same.
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

/** Linux's numbers; see statfs(2). */
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
 * The system's number of the file system type of a path; 0 when it is unknown.
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
