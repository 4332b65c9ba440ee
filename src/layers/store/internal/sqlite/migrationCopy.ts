import { FileSystem } from "@effect/platform/FileSystem"
import { Path } from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import { StoreError } from "../../../../domain/error/StoreError.js"
import { openDatabase } from "./database.js"
import { copyDatabase, prepareCopies, sha256Of, syncDirectory } from "./databaseCopy.js"
import { storeErrorOrDie } from "./errors.js"

/**
 * Copies a database before it is migrated, to `<filename>.schema-2.bak` for one of schema 2, and returns the path. The copy gets
 * its name once it is complete and on disk. An earlier copy is never replaced: one of the same content is used again, so that a
 * migration that is killed and repeated keeps one copy; otherwise the new one is named `<filename>.schema-2.2.bak`, and so on.
 * Nothing removes a copy.
 */
export const copyBeforeMigration = (
  filename: string,
  version: number
): Effect.Effect<string, StoreError, FileSystem | Path> =>
  Effect.scoped(Effect.gen(function*() {
    const files = yield* FileSystem
    const { dirname } = yield* Path
    const nameOf = (number: number) => `${filename}.schema-${version}${number === 1 ? "" : `.${number}`}.bak`
    let count = 0
    while (yield* files.exists(nameOf(count + 1))) count++

    const partial = `${nameOf(1)}.partial`
    // Here too the partial copy of a process that was killed is removed.
    const removePartial = Effect.forEach(["", "-journal", "-wal", "-shm"], (suffix) =>
      files.remove(partial + suffix, { force: true }))
    yield* removePartial
    yield* Effect.addFinalizer(() =>
      Effect.ignore(removePartial)
    )
    const db = yield* Effect.acquireRelease(openDatabase(filename, "disk"), (db) => Effect.sync(() => db.close()))
    yield* copyDatabase({ read: (run) => Effect.sync(() => run(prepareCopies(db))) }, partial)

    if (count > 0 && (yield* sha256Of(nameOf(count))) === (yield* sha256Of(partial))) return nameOf(count)
    yield* files.rename(partial, nameOf(count + 1))
    yield* syncDirectory(dirname(filename))
    return nameOf(count + 1)
  })).pipe(
    Effect.catchTags({ BadArgument: storeErrorOrDie, SystemError: storeErrorOrDie }),
    Effect.mapError(({ detail, reason }) =>
      new StoreError({ reason, detail: `the copy before the migration failed: ${detail}` })
    )
  )
