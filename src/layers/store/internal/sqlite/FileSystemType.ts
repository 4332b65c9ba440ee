import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { statfs } from "node:fs/promises"

/**
 * The number by which the system knows the type of the file system that a path is on; 0 when it does not tell.
 */
export class FileSystemType extends Context.Reference<FileSystemType>()(
  "langswarm-session/layers/store/FileSystemType",
  {
    defaultValue: () => (path: string): Effect.Effect<number> =>
      Effect.orElseSucceed(Effect.tryPromise(() => statfs(path)), () => ({ type: 0 })).pipe(
        Effect.map(({ type }) => type)
      )
  }
) {}
