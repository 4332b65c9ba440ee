import { FileSystem } from "@effect/platform/FileSystem"
import { Path } from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import type { StoreError } from "../../../../domain/error/StoreError.js"
import { storeErrorOrDie } from "./storeErrorOrDie.js"

/**
 * Makes an empty file that only its owner can read, and the directories above it, unless they exist. SQLite gives the files
 * that it puts beside it the same permissions.
 */
export const createFile = (filename: string): Effect.Effect<void, StoreError, FileSystem | Path> =>
  Effect.gen(function*() {
    const files = yield* FileSystem
    const path = yield* Path
    yield* files.makeDirectory(path.dirname(filename), { recursive: true, mode: 0o700 })
    yield* Effect.scoped(files.open(filename, { flag: "a+", mode: 0o600 }))
  }).pipe(Effect.catchAll(storeErrorOrDie))
