import { FileSystem } from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"

/**
 * Looks at the size of a database's WAL every 10 seconds until the scope closes, and logs a warning when it has grown over
 * `limit` bytes; another one only after it was below. It grows while somebody reads one snapshot for long: what was written
 * since then cannot be moved into the database.
 */
export const watchWal = (
  filename: string,
  limit: number
): Effect.Effect<void, never, FileSystem | Scope.Scope> =>
  Effect.gen(function*() {
    const files = yield* FileSystem
    const wasOver = yield* Ref.make(false)
    const look = Effect.gen(function*() {
      const { size } = yield* files.stat(`${filename}-wal`)
      const isOver = size > limit
      if (!(yield* Ref.getAndSet(wasOver, isOver)) && isOver) {
        yield* Effect.logWarning(
          `The database's WAL has grown to ${size} bytes: somebody has been reading the database for too long`
        )
      }
    })
    yield* Effect.forkScoped(Effect.repeat(Effect.ignore(look), Schedule.spaced("10 seconds")))
  })
