import * as NodeContext from "@effect/platform-node/NodeContext"
import { FileSystem } from "@effect/platform/FileSystem"
import { Path } from "@effect/platform/Path"
import * as SqliteClient from "@effect/sql-sqlite-node/SqliteClient"
import { SqlClient } from "@effect/sql/SqlClient"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { snakeToCamel } from "effect/String"
import { ConfigurationError } from "../../domain/error/RequestError.js"
import { StoreError } from "../../domain/error/StoreError.js"
import type { Durability } from "../../domain/Store.js"
import { SessionStore } from "../../services/SessionStore.js"
import {
  createFile,
  isIntact,
  openDatabase,
  ownDatabase,
  walLimit,
  warnOfNetworkFileSystem,
  watchWal
} from "./internal/sqlite/database.js"
import { sqliteDeadLetters } from "./internal/sqlite/deadLetters.js"
import { retryWhileBusy, storeErrorOrDie } from "./internal/sqlite/errors.js"
import { preparedReads } from "./internal/sqlite/events.js"
import { sqliteExports } from "./internal/sqlite/exports.js"
import * as GroupCommitter from "./internal/sqlite/GroupCommitter.js"
import { keepHighWater, prepareHighWater } from "./internal/sqlite/highWater.js"
import { keepIndexed, purgeIndex } from "./internal/sqlite/indexer.js"
import { emptyWal, prepareMaintenance, sqliteMaintenance } from "./internal/sqlite/maintenance.js"
import { sqliteReads } from "./internal/sqlite/reads.js"
import { dropRestorations } from "./internal/sqlite/restore.js"
import { sqliteAnalytics } from "./internal/sqlite/rollups.js"
import { migrate as migrateSchema, newest, schemaVersion } from "./internal/sqlite/schema.js"
import { sqliteSearch } from "./internal/sqlite/search.js"
import { prepareStatements } from "./internal/sqlite/statements.js"
import { sqliteWrites } from "./internal/sqlite/writes.js"

export interface SqliteSessionStoreOptions {
  /** Path of the database. It is created, for its owner's eyes only, with the directories above it, unless it exists. */
  readonly filename: string
  /** `disk`, unless told: a commit waits for the disk. `process`: it does not, so a power cut may take the last ones. */
  readonly durability?: Extract<Durability, "disk" | "process">
  /** The directory that backups go to, made when the first one is: for this database alone. `<filename>-backups` unless told. */
  readonly backups?: string
}

/**
 * Keeps sessions in a SQLite database. Reads and writes have a connection each; the writes that wait at one moment are
 * committed together.
 *
 * It reads the whole database once as it opens. When a page is damaged it serves what others hold, and is not `ok` in
 * `health`, as it is after a write that failed, until one succeeds. It warns of a network file system, of a database that lacks what it once held, and of a WAL that grows.
 *
 * Fails with `ConfigurationError` when `filename` is not a path, and with `StoreError` when the database cannot be used:
 * `Locked` while another store, in this process or any other, has it open, `Unavailable`, `ReadOnly`, `Corrupt`, `TooNew`, or
 * `Busy` when something else holds it for more than 5 seconds.
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
 * Which schema a database has, and which one this version of the package brings it to. 0 is none at all.
 */
export interface SchemaStatus {
  readonly version: number
  readonly newest: number
}

/**
 * Tells a database's schema, without a change to it. Fails as `migrate` does, but for `TooNew`.
 */
export const status = (filename: string): Effect.Effect<SchemaStatus, ConfigurationError | StoreError> =>
  offline(filename, (path) => Effect.map(versionOf(path), (version) => ({ version, newest })))

/**
 * Brings a database up to date that nobody has open, which opening it does as well, and answers from which schema to which.
 * Fails with `ConfigurationError` when `filename` is not a path, and with `StoreError`: `Unavailable` when there is no such
 * file, `Locked` while a store has it open, `TooNew` when a later version wrote it, which leaves it as it is.
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
    const path = yield* Effect.catchAll(
      Effect.flatMap(FileSystem, (files) => files.realPath(filename)),
      storeErrorOrDie
    )
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
  // As SQLite does, so that all that is beside it has one name, whatever links lead to it.
  const filename = yield* Effect.catchAll(Effect.flatMap(FileSystem, (files) => files.realPath(path)), storeErrorOrDie)
  yield* warnOfNetworkFileSystem(filename)
  yield* ownDatabase(filename)

  const connect = openDatabase(filename, durability)
  // Once on our own, since the client below turns whatever is wrong with a file into a defect, and a lock into a freeze.
  const intact = yield* retryWhileBusy(
    Effect.acquireUseRelease(connect, isIntact, (db) => Effect.sync(() => db.close()))
  )
  const sql = yield* openClient(filename)
  yield* retryWhileBusy(Effect.provideService(migrateSchema, SqlClient, sql))
  yield* Effect.catchAll(sql`PRAGMA query_only = ON`, storeErrorOrDie)
  const committer = yield* GroupCommitter.make({
    connect,
    prepare: (db) => ({ ...prepareStatements(db), ...prepareHighWater(db), ...prepareMaintenance(db) })
  })
  yield* dropRestorations(committer)
  yield* keepHighWater(filename, committer)
  yield* watchWal(filename, walLimit)

  const index = yield* keepIndexed(committer)

  const reads = sqliteReads(sql, durability)
  const writes = sqliteWrites(committer)
  return SessionStore.of({
    durability,
    ...reads,
    ...preparedReads(committer),
    ...sqliteAnalytics(sql),
    ...sqliteDeadLetters(sql, committer),
    ...(yield* sqliteExports(filename)),
    purge: Effect.zipRight(purgeIndex(committer, index), emptyWal(committer)),
    ...writes,
    create: (session, context, delivered) => Effect.tap(writes.create(session, context, delivered), index.wake),
    fork: (origin, seq, session, context, delivered) =>
      Effect.tap(writes.fork(origin, seq, session, context, delivered), index.wake),
    restore: (record, usage, delivered) => Effect.tap(writes.restore(record, usage, delivered), index.wake),
    commit: (id, epoch, changes) =>
      changes.messages === undefined
        ? writes.commit(id, epoch, changes)
        : Effect.tap(writes.commit(id, epoch, changes), index.wake),
    search: sqliteSearch(sql, index.catchUp),
    maintenance: yield* sqliteMaintenance(committer, index, { filename, directory: backups ?? `${filename}-backups` }),
    health: Effect.map(reads.health, (health) => ({ ...health, ok: health.ok && intact && !committer.isFailing() }))
  })
})

const checkFilename = (filename: string) =>
  Effect.when(
    new ConfigurationError({
      problems: ["filename must be a path: two connections cannot share a database in memory; use MemorySessionStore"]
    }),
    () => filename.trim() === "" || filename.includes("\0") || /^(:memory:|file:)/.test(filename)
  )

/** The connection for migrations and reads. */
const openClient = Effect.fnUntraced(
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
