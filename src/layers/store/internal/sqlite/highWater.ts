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

const HighWater = Schema.Struct({ identity: Schema.Int, mark: Schema.Int, at: Schema.DateTimeUtc })
const decode = Schema.decode(Schema.parseJson(HighWater))
const encode = Schema.encode(Schema.parseJson(HighWater))

/**
 * Detects lost data. Raises a mark in the database and records it in a file next to it, `<filename>-high-water`: on opening,
 * after every 10 seconds with a write, and when the scope closes. Commits do no extra work.
 *
 * Logs a warning when the database's mark is below the recorded one, or the database is a different one. Then its WAL was
 * deleted or belongs to another database, or an older copy replaced it. SQLite detects none of these. A loss of only the last
 * 10 seconds is not detected.
 */
export const keepHighWater = (
  filename: string,
  committer: GroupCommitter<HighWaterStatements>
): Effect.Effect<void, StoreError, FileSystem | Scope.Scope> =>
  Effect.gen(function*() {
    const files = yield* FileSystem
    const path = `${filename}-high-water`
    const current = committer.read(({ highWater }) => highWater.get() ?? zero)

    const recorded = yield* Effect.option(Effect.flatMap(files.readFileString(path), decode))
    const found = yield* current
    if (Option.isSome(recorded)) yield* warnOfLoss(recorded.value, found)

    const changesAtMark = yield* Ref.make(-1)
    const raise = Effect.gen(function*() {
      if ((yield* current).changes === (yield* Ref.get(changesAtMark))) return
      const at = yield* DateTime.now
      const { changes, identity, mark } = yield* committer.write((on) => {
        on.identify.run()
        on.raiseMark.run()
        return Either.right(on.highWater.get() ?? zero)
      })
      yield* Ref.set(changesAtMark, changes)
      // A rename, so that a reader never finds a partial file.
      yield* files.writeFileString(`${path}.new`, yield* encode({ identity, mark, at }), { mode: 0o600 })
      yield* files.rename(`${path}.new`, path)
    }).pipe(Effect.ignoreLogged)

    yield* raise
    yield* Effect.addFinalizer(() => raise)
    yield* Effect.forkScoped(Effect.schedule(raise, Schedule.spaced("10 seconds")))
  })

/**
 * The statements of `keepHighWater`. `identity` is a random number that identifies the database, made on first use.
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

const zero = { changes: 0, identity: 0, mark: 0 }

const warnOfLoss = (recorded: typeof HighWater.Type, found: { readonly identity: number; readonly mark: number }) => {
  const since = DateTime.formatIso(recorded.at)
  // A new database without its WAL may be empty, with no identity.
  if (found.identity !== recorded.identity && found.identity !== zero.identity) {
    return Effect.logWarning(
      `The database is not the one that was here at ${since}: it was replaced, or it has the WAL of another database`
    )
  }
  if (found.mark >= recorded.mark) return Effect.void
  return Effect.logWarning(
    `The database lacks data that it held at ${since}: its WAL was lost, or an older copy replaced it`
  )
}
