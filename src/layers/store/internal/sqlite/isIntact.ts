import type Sqlite from "better-sqlite3"
import * as Effect from "effect/Effect"
import type { StoreError } from "../../../../domain/error/StoreError.js"
import { storeErrorOrDie } from "./storeErrorOrDie.js"

/**
 * Whether every page that holds something makes sense. It reads them all, at about a second for each gigabyte that is in memory
 * already, and holds up the event loop meanwhile. Logs the first thing that is wrong; fails with `Corrupt` when that is the
 * header or the schema, without which nothing can be read.
 */
export const isIntact = (db: Sqlite.Database): Effect.Effect<boolean, StoreError> =>
  Effect.sync(() => problemOf(db)).pipe(
    Effect.catchAllDefect(storeErrorOrDie),
    Effect.tap((problem) =>
      problem === undefined ? Effect.void : Effect.logError(`The database is damaged: ${problem}`)
    ),
    Effect.map((problem) => problem === undefined)
  )

/** Table by table: of the whole database it would also have FTS5 read its index from end to end, which takes ten times as long. */
const problemOf = (db: Sqlite.Database): unknown =>
  db.prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0").pluck().all()
    .map((name) => db.pragma(`quick_check('${name.replaceAll("'", "''")}')`, { simple: true }))
    .find((found) => found !== "ok")
