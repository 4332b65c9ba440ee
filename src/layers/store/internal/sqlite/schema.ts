import { SqlClient } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import type { StoreError } from "../../../../domain/error/StoreError.js"
import { completeEarlierForm } from "./earlierForms.js"
import { storeErrorOrDie } from "./errors.js"
import { migrations } from "./migrations.js"
import { checkSchema, type FoundSchema, isUpToDate, selectIds, selectObjects } from "./schemaCheck.js"

/**
 * Migrates an open database from the schema that `readSchema` found to the newest, in one transaction. It commits nothing but
 * the schema of a new database.
 *
 * In place of `Migrator` of `@effect/sql`, which reports a full disk as a defect, and a transaction that cannot begin as
 * success.
 */
export const migrate = ({ isEarlierForm, version }: FoundSchema): Effect.Effect<void, StoreError, SqlClient> =>
  Effect.gen(function*() {
    const sql = yield* SqlClient
    // Off, since dropping a table would delete the rows that refer to it. Inside a transaction this has no effect.
    yield* sql`PRAGMA foreign_keys = OFF`
    yield* sql`PRAGMA secure_delete = ON`
    yield* inTransaction(Effect.gen(function*() {
      yield* createMigrationsTable
      if (isEarlierForm) yield* completeEarlierForm
      for (const [index, [name, run]] of migrations.entries()) {
        if (index < version) continue
        yield* run
        yield* sql`INSERT INTO langswarm_migrations (migration_id, name) VALUES (${index + 1}, ${name})`
      }
      yield* checkResult
    }))
  }).pipe(Effect.catchTag("SqlError", storeErrorOrDie), Effect.catchAllDefect(storeErrorOrDie))

/** As `Migrator` made it for the first databases. */
const createMigrationsTable = Effect.flatMap(SqlClient, (sql) =>
  sql`
    CREATE TABLE IF NOT EXISTS langswarm_migrations (
      migration_id integer PRIMARY KEY NOT NULL,
      created_at datetime NOT NULL DEFAULT current_timestamp,
      name VARCHAR(255) NOT NULL
    )`)

const inTransaction = <E>(effect: Effect.Effect<void, E, SqlClient>): Effect.Effect<void, E | SqlError, SqlClient> =>
  Effect.flatMap(SqlClient, (sql) =>
    Effect.acquireUseRelease(
      sql`BEGIN IMMEDIATE`,
      () => Effect.zipRight(effect, sql`COMMIT`),
      // Fails when there is nothing to roll back: after COMMIT, or when a full disk has already ended the transaction.
      () => Effect.ignore(sql`ROLLBACK`)
    ))

const checkResult = Effect.gen(function*() {
  const sql = yield* SqlClient
  const objects = yield* sql.unsafe<{ type: string; name: string; sql: string }>(selectObjects)
  const ids = yield* sql.unsafe<{ id: number }>(selectIds)
  const made = yield* checkSchema(objects, ids.map(({ id }) => id))
  if (!isUpToDate(made)) yield* Effect.dieMessage("The migrations did not make the newest schema")
})
