import { FileSystem } from "@effect/platform"
import { Effect } from "effect"

/** A path in a directory of its own, which goes with the scope. There is no file yet. */
export const temporaryFile = Effect.map(
  Effect.flatMap(FileSystem.FileSystem, (files) => files.makeTempDirectoryScoped()),
  (directory) => `${directory}/sessions.db`
)
