import type * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { ConfigurationError } from "../../domain/error/RequestError.js"
import type { StoreError } from "../../domain/error/StoreError.js"
import type { Durability } from "../../domain/Store.js"
import { layerFromConfig } from "../../services/internal/config.js"
import { SessionStore } from "../../services/SessionStore.js"

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
 * seconds, `TooNew` when a later version of this package wrote it, `Foreign` when no version did, `LockDamaged` when the lock's
 * file next to it is damaged, `Unavailable`, `ReadOnly` or `Corrupt`. Only a file that was accepted is changed.
 *
 * Opening migrates a database of an earlier schema, after it was copied to `<filename>.schema-2.bak`, where 2 is its schema.
 */
export const layer = (
  { backups, durability = "disk", filename }: SqliteSessionStoreOptions
): Layer.Layer<SessionStore, ConfigurationError | StoreError> =>
  Layer.scoped(SessionStore, Effect.flatMap(sqlite, ({ openStore }) => openStore(filename, durability, backups)))

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
  /**
   * False when `migrate` would change the database. It also does so at the version `newest` when an early commit of this
   * package made the database, in another form.
   */
  readonly upToDate: boolean
}

/**
 * Reads the schema version of a database, without changing it. Fails as `migrate` does, but never with `TooNew`.
 */
export const status = (filename: string): Effect.Effect<SchemaStatus, ConfigurationError | StoreError> =>
  Effect.flatMap(sqlite, ({ schemaStatus }) => schemaStatus(filename))

/**
 * The result of a migration.
 */
export interface Migration {
  /** The version before. */
  readonly from: number
  /** The version after. */
  readonly to: number
  /** Path of the copy that was made before. Absent when there was nothing to migrate, or nothing to copy. */
  readonly copy?: string
}

/**
 * Migrates a database that no store has open. Opening a store migrates it too.
 *
 * First copies the database to `<filename>.schema-2.bak`, where 2 is its schema. Nothing replaces or removes such a copy.
 *
 * Fails with `ConfigurationError` when `filename` is not a path. Fails with `StoreError`: `Unavailable` when the file does not
 * exist, `Locked` while a store has it open, `TooNew` when a later version of this package wrote it, `Foreign` when no
 * version did. Each leaves the file unchanged.
 */
export const migrate = (filename: string): Effect.Effect<Migration, ConfigurationError | StoreError> =>
  Effect.flatMap(sqlite, ({ migrateFile }) => migrateFile(filename))

/** Imported when it is used, so that programs with another store load no module of SQLite. */
const sqlite = Effect.promise(() => import("./internal/sqlite/openStore.js"))
