import * as Migrator from "@effect/sql/Migrator"
import { SqlClient } from "@effect/sql/SqlClient"
import type Sqlite from "better-sqlite3"
import * as Effect from "effect/Effect"
import { StoreError } from "../../../../domain/error/StoreError.js"
import { storeErrorOrDie } from "./errors.js"
import sessions from "./migrations/0001_sessions.js"
import rollups from "./migrations/0002_rollups.js"
import search from "./migrations/0003_search.js"
import hooks from "./migrations/0004_hooks.js"

const table = "langswarm_migrations"
/** The schema version of this package. */
export const newest = 4

const run = Migrator.make({})({
  loader: Migrator.fromRecord({
    "0001_sessions": sessions,
    "0002_rollups": rollups,
    "0003_search": search,
    "0004_hooks": hooks
  }),
  table
})

/**
 * Migrates the schema to `newest`. Fails with `TooNew` on a database of a later version, and leaves it unchanged.
 */
export const migrate: Effect.Effect<void, StoreError, SqlClient> = Effect.gen(function*() {
  const sql = yield* SqlClient
  yield* run
  const [found] = yield* sql<{ version: number }>`SELECT max(migration_id) AS version FROM ${sql(table)}`
  const version = found?.version ?? 0
  if (version > newest) return yield* new StoreError({ reason: "TooNew", detail: `schema ${version}` })
  // The migrator treats any failure to begin as another process that migrates, and returns without an error.
  if (version < newest) return yield* new StoreError({ reason: "Busy", detail: `schema ${version}` })
}).pipe(
  Effect.catchTags({ MigrationError: storeErrorOrDie, SqlError: storeErrorOrDie }),
  // The migrator turns a failed migration into a defect, even when the disk is the cause.
  Effect.catchAllDefect(storeErrorOrDie)
)

/**
 * The schema version of a database; 0 before the first migration.
 */
export const schemaVersion = (db: Sqlite.Database): Effect.Effect<number, StoreError> =>
  Effect.sync(() => {
    const table = "SELECT 1 FROM sqlite_schema WHERE name = 'langswarm_migrations'"
    if (db.prepare(table).get() === undefined) return 0
    return db.prepare<[], number>("SELECT coalesce(max(migration_id), 0) FROM langswarm_migrations").pluck().get() ?? 0
  }).pipe(Effect.catchAllDefect(storeErrorOrDie))
