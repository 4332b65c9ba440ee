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
  walLimit,
  warnOfNetworkFileSystem,
  watchWal
} from "./database.js"
import { retryWhileBusy, storeErrorOrDie } from "./errors.js"
import * as GroupCommitter from "./GroupCommitter.js"
import { ownDatabase } from "./ownerLock.js"
import { migrate, newest, schemaVersion } from "./schema.js"
import { makeStore, prepareStatements } from "./store.js"

/**
 * Opens a database as a store: checks it, migrates it, and closes it with the scope. `SqliteSessionStore.layer` documents
 * its errors.
 */
export const openStore = (filename: string, durability: "disk" | "process", backups: string | undefined) =>
  Effect.gen(function*() {
    yield* checkFilename(filename)
    const { basename } = yield* Path
    return yield* Effect.catchTag(
      open(filename, durability, backups),
      "StoreError",
      ({ detail, reason }) => new StoreError({ reason, detail: `${basename(filename)}: ${detail}` })
    )
  }).pipe(Effect.provide(NodeContext.layer))

const open = Effect.fnUntraced(function*(path: string, durability: "disk" | "process", backups: string | undefined) {
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
  yield* retryWhileBusy(Effect.provideService(migrate, SqlClient, sql))
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
  offline(filename, (path) => Effect.map(versionOf(path), (version) => ({ version, newest })))

/** Migrates a database that no store has open. */
export const migrateFile = (filename: string) =>
  offline(filename, (path) =>
    Effect.gen(function*() {
      const from = yield* versionOf(path)
      const sql = yield* openClient(path)
      yield* retryWhileBusy(Effect.provideService(migrate, SqlClient, sql))
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
