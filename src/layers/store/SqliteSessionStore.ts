import * as NodeContext from "@effect/platform-node/NodeContext"
import * as SqliteClient from "@effect/sql-sqlite-node/SqliteClient"
import { SqlClient } from "@effect/sql/SqlClient"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { snakeToCamel } from "effect/String"
import type { Durability } from "../../domain/Durability.js"
import { ConfigurationError } from "../../domain/error/ConfigurationError.js"
import type { StoreError } from "../../domain/error/StoreError.js"
import { SessionStore } from "../../services/SessionStore.js"
import { createFile } from "./internal/createFile.js"
import * as GroupCommitter from "./internal/GroupCommitter.js"
import { migrate } from "./internal/migrate.js"
import { openDatabase } from "./internal/openDatabase.js"
import { prepareStatements } from "./internal/prepareStatements.js"
import { retryWhileBusy } from "./internal/retryWhileBusy.js"
import { sqliteReads } from "./internal/sqliteReads.js"
import { sqliteWrites } from "./internal/sqliteWrites.js"
import { storeErrorOrDie } from "./internal/storeErrorOrDie.js"

export interface SqliteSessionStoreOptions {
  /** Path of the database. It is created, for its owner's eyes only, with the directories above it, unless it exists. */
  readonly filename: string
  /** `disk`, unless told: a commit waits for the disk. `process`: it does not, so a power cut may take the last ones. */
  readonly durability?: Extract<Durability, "disk" | "process">
}

/**
 * Keeps sessions in a SQLite database. Reads and writes have a connection each; the writes that wait at one moment are
 * committed together.
 *
 * Fails with `ConfigurationError` when `filename` is not a path, and with `StoreError` when the database cannot be used:
 * `Unavailable`, `ReadOnly`, `Corrupt`, `TooNew`, or `Busy` when another process holds it for more than 5 seconds.
 */
export const layer = (
  { durability = "disk", filename }: SqliteSessionStoreOptions
): Layer.Layer<SessionStore, ConfigurationError | StoreError> =>
  Layer.scoped(
    SessionStore,
    Effect.gen(function*() {
      yield* checkFilename(filename)
      yield* createFile(filename)
      const connect = openDatabase(filename, durability)
      // Once on our own, since the client below turns whatever is wrong with a file into a defect, and a lock into a freeze.
      yield* retryWhileBusy(Effect.map(connect, (db) => db.close()))
      const sql = yield* openClient(filename)
      yield* retryWhileBusy(Effect.provideService(migrate, SqlClient, sql))
      yield* Effect.catchAll(sql`PRAGMA query_only = ON`, storeErrorOrDie)
      const committer = yield* GroupCommitter.make({ connect, prepare: prepareStatements })
      return SessionStore.of({ durability, ...sqliteReads(sql, durability), ...sqliteWrites(committer) })
    })
  ).pipe(Layer.provide(NodeContext.layer))

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
