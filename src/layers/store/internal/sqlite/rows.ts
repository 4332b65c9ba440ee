import type { SqlClient } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { defaultTransforms } from "@effect/sql/Statement"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { snakeToCamel } from "effect/String"
import { SessionNotFound } from "../../../../domain/error/SessionError.js"
import { StoreError } from "../../../../domain/error/StoreError.js"
import type { SessionId } from "../../../../domain/Ids.js"
import { retryWhileBusy, storeErrorOrDie } from "./errors.js"

/**
 * Runs a statement of `@effect/sql`. Waits while another process holds the database.
 */
export const readRows = (
  statement: Effect.Effect<ReadonlyArray<object>, SqlError>
): Effect.Effect<ReadonlyArray<object>, StoreError> => retryWhileBusy(Effect.catchAll(statement, storeErrorOrDie))

/**
 * Reads rows that belong to a session. Fails with `SessionNotFound` when there are none because there is no session: a row
 * proves that its session exists, so only an empty result needs a second statement.
 */
export const readRowsOf = (
  sql: SqlClient,
  id: SessionId,
  statement: Effect.Effect<ReadonlyArray<object>, SqlError>
): Effect.Effect<ReadonlyArray<object>, SessionNotFound | StoreError> =>
  Effect.tap(readRows(statement), ({ length }) =>
    Effect.when(
      Effect.flatMap(readRows(sql`SELECT 1 FROM sessions WHERE id = ${id}`), firstRow(id)),
      () => length === 0
    ))

/**
 * The only row of a statement that selects one session. Fails with `SessionNotFound` when there is none.
 */
export const firstRow = (id: SessionId) => <A>(rows: ReadonlyArray<A>): Effect.Effect<A, SessionNotFound> =>
  Arr.isNonEmptyReadonlyArray(rows) ? Effect.succeed(rows[0]) : new SessionNotFound({ sessionId: id })

/**
 * Makes a decoder of rows. It fails with `Corrupt`: a row that does not decode was not written by this package.
 */
export const decodeRow = <A, I>(schema: Schema.Schema<A, I>) => {
  const decode = Schema.decodeUnknown(schema)
  return (row: unknown): Effect.Effect<A, StoreError> =>
    Effect.mapError(decode(row), () => new StoreError({ reason: "Corrupt", detail: "a row cannot be read" }))
}

/**
 * Gives rows of a prepared statement the column names that rows of `@effect/sql` have.
 */
export const renameColumns: (rows: ReadonlyArray<object>) => ReadonlyArray<object> =
  defaultTransforms(snakeToCamel).array
