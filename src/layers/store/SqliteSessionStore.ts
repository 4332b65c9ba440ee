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
import type { Durability } from "../../domain/Durability.js"
import { ConfigurationError } from "../../domain/error/ConfigurationError.js"
import { StoreError } from "../../domain/error/StoreError.js"
import { SessionStore } from "../../services/SessionStore.js"
import { createFile } from "./internal/sqlite/createFile.js"
import { dropRestorations } from "./internal/sqlite/dropRestorations.js"
import { emptyWal } from "./internal/sqlite/emptyWal.js"
import * as GroupCommitter from "./internal/sqlite/GroupCommitter.js"
import { isIntact } from "./internal/sqlite/isIntact.js"
import { keepHighWater } from "./internal/sqlite/keepHighWater.js"
import { keepIndexed } from "./internal/sqlite/keepIndexed.js"
import { migrate as migrateSchema, newest } from "./internal/sqlite/migrate.js"
import { openDatabase } from "./internal/sqlite/openDatabase.js"
import { ownDatabase } from "./internal/sqlite/ownDatabase.js"
import { preparedReads } from "./internal/sqlite/preparedReads.js"
import { prepareHighWater } from "./internal/sqlite/prepareHighWater.js"
import { prepareMaintenance } from "./internal/sqlite/prepareMaintenance.js"
import { prepareStatements } from "./internal/sqlite/prepareStatements.js"
import { purgeIndex } from "./internal/sqlite/purgeIndex.js"
import { retryWhileBusy } from "./internal/sqlite/retryWhileBusy.js"
import { schemaVersion } from "./internal/sqlite/schemaVersion.js"
import { sqliteAnalytics } from "./internal/sqlite/sqliteAnalytics.js"
import { sqliteDeadLetters } from "./internal/sqlite/sqliteDeadLetters.js"
import { sqliteExports } from "./internal/sqlite/sqliteExports.js"
import { sqliteMaintenance } from "./internal/sqlite/sqliteMaintenance.js"
import { sqliteReads } from "./internal/sqlite/sqliteReads.js"
import { sqliteSearch } from "./internal/sqlite/sqliteSearch.js"
import { sqliteWrites } from "./internal/sqlite/sqliteWrites.js"
import { storeErrorOrDie } from "./internal/sqlite/storeErrorOrDie.js"
import { walLimit } from "./internal/sqlite/walLimit.js"
import { warnOfNetworkFileSystem } from "./internal/sqlite/warnOfNetworkFileSystem.js"
import { watchWal } from "./internal/sqlite/watchWal.js"

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
