import type { SqlClient } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import type * as Effect from "effect/Effect"
import sessions from "./migrations/0001_sessions.js"
import rollups from "./migrations/0002_rollups.js"
import search from "./migrations/0003_search.js"
import hooks from "./migrations/0004_hooks.js"

/**
 * The migrations in order; the first makes version 1 of the schema. None is ever edited, since databases were made by it: a
 * change of the schema is a further one, with the digest of its schema in `schemaCheck` and a database in
 * `test/store/databases`.
 */
export const migrations: ReadonlyArray<
  readonly [name: string, run: Effect.Effect<unknown, SqlError, SqlClient>]
> = [
  ["sessions", sessions],
  ["rollups", rollups],
  ["search", search],
  ["hooks", hooks]
]

/** The schema version of this package. */
export const newest = migrations.length
