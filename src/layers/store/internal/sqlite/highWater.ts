import { FileSystem } from "@effect/platform/FileSystem"
import type Sqlite from "better-sqlite3"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { StoreError } from "../../../../domain/error/StoreError.js"
import type { GroupCommitter } from "./GroupCommitter.js"

/**
 * What `keepHighWater` runs in the database. `identity` is a number that no other database has, made when it is first asked
 * for.
 */
export interface HighWaterStatements {
  readonly identify: Sqlite.Statement<[]>
  readonly raiseMark: Sqlite.Statement<[]>
  readonly highWater: Sqlite.Statement<[], { mark: number; identity: number; changes: number }>
}

export const prepareHighWater = (db: Sqlite.Database): HighWaterStatements => ({
  identify: db.prepare(`INSERT INTO totals VALUES ('identity', abs(random() >> 12)) ON CONFLICT DO NOTHING`),
  raiseMark: db.prepare(
    `INSERT INTO totals VALUES ('mark', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1`
  ),
  highWater: db.prepare<[], { mark: number; identity: number; changes: number }>(`
    SELECT
      coalesce((SELECT value FROM totals WHERE name = 'mark'), 0) AS mark,
      coalesce((SELECT value FROM totals WHERE name = 'identity'), 0) AS identity,
      total_changes() AS changes`)
})

const HighWater = Schema.Struct({ identity: Schema.Int, mark: Schema.Int, at: Schema.DateTimeUtc })
const decode = Schema.decode(Schema.parseJson(HighWater))
const encode = Schema.encode(Schema.parseJson(HighWater))

/**
 * Raises a mark in the database, and notes it in a file beside, `<filename>-high-water`: at once, every 10 seconds in which
 * something was written, and as the scope closes. A commit costs nothing more for it.
 *
 * Logs a warning when the database's mark is below the noted one, or it is another database. It then lacks what it once had:
 * its WAL was deleted or is another's, or it was replaced by an older copy, none of which SQLite can see. What is lost of the
 * last 10 seconds alone goes unseen.
 */
export const keepHighWater = (
  filename: string,
  committer: GroupCommitter<HighWaterStatements>
): Effect.Effect<void, StoreError, FileSystem | Scope.Scope> =>
  Effect.gen(function*() {
    const files = yield* FileSystem
    const path = `${filename}-high-water`
    const current = committer.read(({ highWater }) => highWater.get() ?? nothing)

    const noted = yield* Effect.option(Effect.flatMap(files.readFileString(path), decode))
    const found = yield* current
    if (Option.isSome(noted)) yield* warnOfLoss(noted.value, found)

    const changesAtMark = yield* Ref.make(-1)
    const raise = Effect.gen(function*() {
      if ((yield* current).changes === (yield* Ref.get(changesAtMark))) return
      const at = yield* DateTime.now
      const { changes, identity, mark } = yield* committer.write((on) => {
        on.identify.run()
        on.raiseMark.run()
        return Either.right(on.highWater.get() ?? nothing)
      })
      yield* Ref.set(changesAtMark, changes)
      // In one step, so that nobody ever finds half of it.
      yield* files.writeFileString(`${path}.new`, yield* encode({ identity, mark, at }), { mode: 0o600 })
      yield* files.rename(`${path}.new`, path)
    }).pipe(Effect.ignoreLogged)

    yield* raise
    yield* Effect.addFinalizer(() => raise)
    yield* Effect.forkScoped(Effect.schedule(raise, Schedule.spaced("10 seconds")))
  })

const nothing = { changes: 0, identity: 0, mark: 0 }

const warnOfLoss = (noted: typeof HighWater.Type, found: { readonly identity: number; readonly mark: number }) => {
  const since = DateTime.formatIso(noted.at)
  // Without its WAL a new database may be found to be empty.
  if (found.identity !== noted.identity && found.identity !== nothing.identity) {
    return Effect.logWarning(
      `The database is not the one that was here at ${since}: it was replaced, or given the WAL of another`
    )
  }
  if (found.mark >= noted.mark) return Effect.void
  return Effect.logWarning(
    `The database lacks some of what it held at ${since}: its WAL was lost, or an older copy put back`
  )
}
