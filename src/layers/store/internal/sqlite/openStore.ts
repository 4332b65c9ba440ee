import * as NodeContext from "@effect/platform-node/NodeContext"
import { FileSystem } from "@effect/platform/FileSystem"
import { Path } from "@effect/platform/Path"
import { SqlClient } from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { ConfigurationError } from "../../../../domain/error/RequestError.js"
import { StoreError } from "../../../../domain/error/StoreError.js"
import {
  createFile,
  isIntact as checkPages,
  openClient,
  openDatabase,
  openUnchanged,
  walLimit,
  warnOfNetworkFileSystem,
  watchWal
} from "./database.js"
import { retryWhileBusy, storeErrorOrDie } from "./errors.js"
import * as GroupCommitter from "./GroupCommitter.js"
import { copyBeforeMigration } from "./migrationCopy.js"
import { newest } from "./migrations.js"
import { ownDatabase } from "./ownerLock.js"
import { migrate } from "./schema.js"
import { type FoundSchema, isUpToDate, readSchema } from "./schemaCheck.js"
import { makeStore, prepareStatements } from "./store.js"

/**
 * Opens a database as a store: checks it, migrates it, and closes it with the scope. `SqliteSessionStore.layer` documents
 * its errors.
 */
export const openStore = (filename: string, durability: "disk" | "process", backups: string | undefined) =>
  Effect.gen(function*() {
    yield* checkFilename(filename)
    const path = yield* named(filename, Effect.zipRight(createFile(filename), resolveLinks(filename)))
    yield* warnOfNetworkFileSystem(path)
    yield* own(filename, path)
    return yield* named(filename, open(path, durability, backups))
  }).pipe(Effect.provide(NodeContext.layer))

const open = Effect.fnUntraced(function*(
  filename: string,
  durability: "disk" | "process",
  backups: string | undefined
) {
  const found = yield* lookAt(filename)
  yield* refuseLater(found)
  const connect = openDatabase(filename, durability)
  // Before the client opens the file, since the client turns any problem into a defect and blocks on a lock.
  const isIntact = yield* retryWhileBusy(
    Effect.acquireUseRelease(connect, checkPages, (db) => Effect.sync(() => db.close()))
  )
  const copy = yield* copyIfOutdated(filename, found)
  const sql = yield* openClient(filename)
  yield* migrateIfOutdated(found, sql)
  const { basename } = yield* Path
  if (copy !== undefined) {
    yield* Effect.logInfo(
      `Migrated the database from schema ${found.version} to ${newest}. ${basename(copy)} is a copy of it as it was`
    )
  }
  yield* Effect.catchAll(sql`PRAGMA query_only = ON`, storeErrorOrDie)
  const committer = yield* GroupCommitter.make({ connect, prepare: prepareStatements })
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

/** Reads the schema version of a database that no store has open. */
export const schemaStatus = (filename: string) =>
  offline(
    filename,
    (path) => Effect.map(lookAt(path), (found) => ({ version: found.version, newest, upToDate: isUpToDate(found) }))
  )

/** Migrates a database that no store has open. */
export const migrateFile = (filename: string) =>
  offline(filename, (path) =>
    Effect.gen(function*() {
      const found = yield* lookAt(path)
      yield* refuseLater(found)
      const copy = yield* copyIfOutdated(path, found)
      if (!isUpToDate(found)) yield* migrateIfOutdated(found, yield* openClient(path))
      return { from: found.version, to: newest, ...(copy !== undefined && { copy }) }
    }))

const offline = <A>(
  filename: string,
  use: (path: string) => Effect.Effect<A, StoreError, FileSystem | Path | Scope.Scope>
): Effect.Effect<A, ConfigurationError | StoreError> =>
  Effect.scoped(Effect.gen(function*() {
    yield* checkFilename(filename)
    const path = yield* named(filename, resolveLinks(filename))
    yield* own(filename, path)
    return yield* named(filename, use(path))
  })).pipe(Effect.provide(NodeContext.layer))

const lookAt = (path: string) =>
  retryWhileBusy(Effect.acquireUseRelease(openUnchanged(path), readSchema, (db) => Effect.sync(() => db.close())))

const refuseLater = ({ version }: FoundSchema): Effect.Effect<void, StoreError> =>
  Effect.when(new StoreError({ reason: "TooNew", detail: `schema ${version}` }), () => version > newest)

/** A new database needs no copy. */
const copyIfOutdated = (path: string, found: FoundSchema) =>
  isUpToDate(found) || found.version === 0
    ? Effect.succeed(undefined)
    : retryWhileBusy(copyBeforeMigration(path, found.version))

const migrateIfOutdated = (found: FoundSchema, sql: SqlClient) =>
  isUpToDate(found) ? Effect.void : retryWhileBusy(Effect.provideService(migrate(found), SqlClient, sql))

/** Names the file in an error, as the caller named it. */
const named = <A, E extends { readonly _tag: string }, R>(
  path: string,
  effect: Effect.Effect<A, E | StoreError, R>
): Effect.Effect<A, E | StoreError, R | Path> =>
  Effect.flatMap(Path, ({ basename }) =>
    Effect.mapError(effect, (error) =>
      error instanceof StoreError
        ? new StoreError({ reason: error.reason, detail: `${basename(path)}: ${error.detail}` })
        : error))

/** Errors of the lock's own file name that file, since nothing is wrong with the database. */
const own = (filename: string, path: string) =>
  Effect.catchTag(ownDatabase(path), "StoreError", (error) =>
    error.reason === "Locked" || error.reason === "Busy"
      ? named(filename, error)
      : named(
        `${filename}-owner`,
        error.reason === "Corrupt" ? new StoreError({ reason: "LockDamaged", detail: error.detail }) : error
      ))

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
