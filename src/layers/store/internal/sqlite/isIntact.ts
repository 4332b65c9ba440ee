import type Sqlite from "better-sqlite3"
import * as Effect from "effect/Effect"
import type { StoreError } from "../../../../domain/error/StoreError.js"
import { storeErrorOrDie } from "./storeErrorOrDie.js"

/**
 * Whether every page of a database makes sense. It reads them all, at about a second for each gigabyte that is in memory
 * already, and holds up the event loop meanwhile. Logs the first thing that is wrong; fails with `Corrupt` when that is the
 * header or the schema, without which nothing can be read.
 */
export const isIntact = (db: Sqlite.Database): Effect.Effect<boolean, StoreError> =>
  Effect.sync(() => db.pragma("quick_check(1)", { simple: true })).pipe(
    Effect.catchAllDefect(storeErrorOrDie),
    Effect.map((found) => found === "ok" ? undefined : found),
    Effect.tap((problem) =>
      problem === undefined ? Effect.void : Effect.logError(`The database is damaged: ${problem}`)
    ),
    Effect.map((problem) => problem === undefined)
  )
