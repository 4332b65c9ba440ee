import * as NodeContext from "@effect/platform-node/NodeContext"
import { FileSystem } from "@effect/platform/FileSystem"
import { Path } from "@effect/platform/Path"
import { SqlClient } from "@effect/sql/SqlClient"
import type * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { ConfigurationError } from "../../domain/error/RequestError.js"
import { StoreError } from "../../domain/error/StoreError.js"
import type { Durability } from "../../domain/Store.js"
import { layerFromConfig } from "../../services/internal/config.js"
import { SessionStore } from "../../services/SessionStore.js"
import {
  createFile,
  isIntact as checkPages,
  openClient,
  openDatabase,
  walLimit,
  warnOfNetworkFileSystem,
  watchWal
} from "./internal/sqlite/database.js"
import { retryWhileBusy, storeErrorOrDie } from "./internal/sqlite/errors.js"
import * as GroupCommitter from "./internal/sqlite/GroupCommitter.js"
import { ownDatabase } from "./internal/sqlite/ownerLock.js"
import { migrate as migrateSchema, newest, schemaVersion } from "./internal/sqlite/schema.js"
import { makeStore, prepareCare, prepareStatements } from "./internal/sqlite/store.js"

export interface SqliteSessionStoreOptions {
  /**
   * Path of the database file. The file and its directories are created when they do not exist, readable by their owner
   * only.
   */
  readonly filename: string
  /**
   * What a commit waits for. `disk`: the data is on disk, so it survives a power cut. `process`: the data is with the operating
   * system, so it survives a killed process, and a power cut may lose the last commits. Default: `disk`.
   */
  readonly durability?: Extract<Durability, "disk" | "process">
  /** Directory of backups, used by this database only. The first backup creates it. Default: `<filename>-backups`. */
  readonly backups?: string
}

/**
 * A `SessionStore` in a SQLite database. One connection reads and one writes; concurrent writes share a transaction.
 *
 * Opening reads the whole database once. With a damaged page the store still serves what is intact, and `health` is not `ok`.
 * `health` is also not `ok` after a failed write, until a write succeeds. The store logs a warning about a network file
 * system, a database that has lost data since it was last open, and a WAL that keeps growing.
 *
 * Fails with `ConfigurationError` when `filename` is not a path. Fails with `StoreError` when the database cannot be used:
 * `Locked` while another store has it open, in this process or another, `Busy` while something else locks it for more than 5
 * seconds, `TooNew` when a later version of this package wrote it, `Unavailable`, `ReadOnly` or `Corrupt`.
 */
export const layer = (
  { backups, durability = "disk", filename }: SqliteSessionStoreOptions
): Layer.Layer<SessionStore, ConfigurationError | StoreError> =>
  Layer.scoped(
    SessionStore,
    Effect.gen(function*() {
      yield* checkFilename(filename)
      const { basename } = yield* Path
      return yield* Effect.catchTag(
        open(filename, durability, backups),
        "StoreError",
        ({ detail, reason }) => new StoreError({ reason, detail: `${basename(filename)}: ${detail}` })
      )
    })
  ).pipe(Layer.provide(NodeContext.layer))

/**
 * `layer` with its options read from `Config`: environment variables by default. Also fails with `ConfigError` when one is
 * missing or invalid.
 */
export const layerConfig: (
  config: Config.Config.Wrap<SqliteSessionStoreOptions>
) => Layer.Layer<SessionStore, ConfigError | ConfigurationError | StoreError> = layerFromConfig(layer)

/**
 * Versions of a database's schema.
 */
export interface SchemaStatus {
  /** The version of the database; 0 before the first migration. */
  readonly version: number
  /** The version that this package migrates to. */
  readonly newest: number
}

/**
 * Reads the schema version of a database, without changing it. Fails as `migrate` does, but never with `TooNew`.
 */
export const status = (filename: string): Effect.Effect<SchemaStatus, ConfigurationError | StoreError> =>
  offline(filename, (path) => Effect.map(versionOf(path), (version) => ({ version, newest })))

/**
 * Migrates a database that no store has open, and returns the versions before and after. Opening a store migrates it too.
 *
 * Fails with `ConfigurationError` when `filename` is not a path. Fails with `StoreError`: `Unavailable` when the file does not
 * exist, `Locked` while a store has it open, `TooNew` when a later version of this package wrote it, which leaves it
 * unchanged.
 */
export const migrate = (
  filename: string
): Effect.Effect<{ readonly from: number; readonly to: number }, ConfigurationError | StoreError> =>
  offline(filename, (path) =>
    Effect.gen(function*() {
      const from = yield* versionOf(path)
      const sql = yield* openClient(path)
      yield* retryWhileBusy(Effect.provideService(migrateSchema, SqlClient, sql))
      return { from, to: yield* versionOf(path) }
    }))

const offline = <A>(
  filename: string,
  use: (path: string) => Effect.Effect<A, StoreError, Scope.Scope>
): Effect.Effect<A, ConfigurationError | StoreError> =>
  Effect.scoped(Effect.gen(function*() {
    yield* checkFilename(filename)
    const path = yield* resolveLinks(filename)
    yield* ownDatabase(path)
    return yield* use(path)
  })).pipe(Effect.provide(NodeContext.layer))

const versionOf = (path: string): Effect.Effect<number, StoreError> =>
  retryWhileBusy(Effect.acquireUseRelease(
    openDatabase(path, "disk"),
    schemaVersion,
    (db) => Effect.sync(() => db.close())
  ))

const open = Effect.fnUntraced(function*(path: string, durability: "disk" | "process", backups?: string) {
  yield* createFile(path)
  const filename = yield* resolveLinks(path)
  yield* warnOfNetworkFileSystem(filename)
  yield* ownDatabase(filename)

  const connect = openDatabase(filename, durability)
  // Before the client opens the file, since the client turns any problem into a defect and blocks on a lock.
  const isIntact = yield* retryWhileBusy(
    Effect.acquireUseRelease(connect, checkPages, (db) => Effect.sync(() => db.close()))
  )
  const sql = yield* openClient(filename)
  yield* retryWhileBusy(Effect.provideService(migrateSchema, SqlClient, sql))
  yield* Effect.catchAll(sql`PRAGMA query_only = ON`, storeErrorOrDie)
  const committer = yield* GroupCommitter.make({
    connect,
    prepare: (db) => ({ ...prepareStatements(db), ...prepareCare(db) })
  })
  yield* watchWal(filename, walLimit)
  return yield* makeStore({
    filename,
    durability,
    backups: backups ?? `${filename}-backups`,
    isIntact,
    sql,
    committer
  })
})

/** Resolves links as SQLite does, so that all files next to the database have one name, whatever the path. */
const resolveLinks = (path: string) =>
  Effect.catchAll(Effect.flatMap(FileSystem, (files) => files.realPath(path)), storeErrorOrDie)

const checkFilename = (filename: string) =>
  Effect.when(
    new ConfigurationError({
      problems: [
        "filename must be the path of a file: two connections cannot share a database in memory; use MemorySessionStore"
      ]
    }),
    () => filename.trim() === "" || filename.includes("\0") || /^(:memory:|file:)/.test(filename)
  )
