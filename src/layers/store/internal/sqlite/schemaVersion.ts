import type Sqlite from "better-sqlite3"
import * as Effect from "effect/Effect"
import type { StoreError } from "../../../../domain/error/StoreError.js"
import { storeErrorOrDie } from "./storeErrorOrDie.js"

/**
 * The number of the last migration that a database has seen; 0 for one that has seen none.
 */
export const schemaVersion = (db: Sqlite.Database): Effect.Effect<number, StoreError> =>
  Effect.sync(() => {
    const table = "SELECT 1 FROM sqlite_schema WHERE name = 'langswarm_migrations'"
    if (db.prepare(table).get() === undefined) return 0
    return db.prepare<[], number>("SELECT coalesce(max(migration_id), 0) FROM langswarm_migrations").pluck().get() ?? 0
  }).pipe(Effect.catchAllDefect(storeErrorOrDie))
