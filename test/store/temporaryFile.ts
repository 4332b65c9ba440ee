import { FileSystem } from "@effect/platform"
import { Effect } from "effect"

/** A path without a file, in its own directory, which is removed when the scope closes. */
export const temporaryFile = Effect.map(
  Effect.flatMap(FileSystem.FileSystem, (files) => files.makeTempDirectoryScoped()),
  (directory) => `${directory}/sessions.db`
)
